"""The address that the clients know: a relay of TCP connections, told which server new ones go to.

In its place one would have a load balancer or a name in the DNS. It does one thing with what it relays: it asks for `Connection: close`,
so that a connection is good for one request and a switch takes hold with the next one. (With a load balancer turn off keep-alive, or
let it drain: a server that ends a connection on which a client is just sending costs a request.)
"""

import asyncio
import threading

LONGEST_HEAD = 64 * 1024


class Front:
    def __init__(self):
        self._leads_to = None
        self._open = {}  # what relays a connection, and the port that it was led to
        self._loop = asyncio.new_event_loop()
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, "127.0.0.1", 0, limit=LONGEST_HEAD))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def close(self):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=60)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def lead_to(self, port):
        """New connections go to another port. Returns when the old ones have ended: nobody needs the server behind them any more."""
        asyncio.run_coroutine_threadsafe(self._lead_to(port), self._loop).result(timeout=60)

    async def _lead_to(self, port):
        before, self._leads_to = self._leads_to, port
        while before != port and before in self._open.values():
            await asyncio.sleep(0.01)

    async def _relay(self, client_reader, client_writer):
        port = self._open[asyncio.current_task()] = self._leads_to
        try:
            head = await client_reader.readuntil(b"\r\n\r\n")
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            server_writer.write(for_one_request(head))
            sending = asyncio.create_task(copy(client_reader, server_writer))
            await copy(server_reader, client_writer)
            sending.cancel()
            server_writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The client sees that its connection ends, and counts a failure.
        finally:
            client_writer.close()
            del self._open[asyncio.current_task()]


def for_one_request(head):
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]])


async def copy(reader, writer):
    while received := await reader.read(LONGEST_HEAD):
        writer.write(received)
        await writer.drain()
