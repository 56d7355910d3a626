# shellcheck shell=bash
# serve_python MODULE:APPLICATION: Gunicorn with one worker and four threads. Its default worker closes the connection after
# each answer, which a load test over kept-alive connections would count against the peer.
serve_python() {
    export PYTHONDONTWRITEBYTECODE=1
    serve "$cache/venv/bin/gunicorn" --chdir "$folder" --workers 1 --worker-class gthread --threads 4 --keep-alive 30 \
        --bind "127.0.0.1:$port" --log-level warning --no-control-socket "$1"
}
