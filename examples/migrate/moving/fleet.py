"""The fleet: programs in several languages that get tokens all the while, with clients that never change."""

import json
import threading
import time
from collections import Counter

from .programs import Program

# One request after the other in each program; no program makes more than so many.
MOST_REQUESTS = 100_000
# A step that takes longer than this has hung.
LONGEST_STEP_SECONDS = 240


class Fleet:
    def __init__(self, commands, clients, settings, folder):
        """`commands` by language; each gets a share of the clients, and a file that stays as it is."""
        self.phase = "before"
        self.phases = [self.phase]
        self.answered, self.failed = Counter(), Counter()  # by phase and language
        self._heard_of = Counter()  # by client
        self._programs, self._shares = {}, {}
        for language, command in commands.items():
            own = [client for client in clients if client["language"] == language]
            file = folder / f"fleet-{language}.json"
            file.write_text(json.dumps({**settings, "most_requests": MOST_REQUESTS, "clients": own}))
            self._shares[language] = own
            self._programs[language] = Program(*command, file, log=folder / f"fleet-{language}.log")
        self._listeners = [threading.Thread(target=self._listen, args=[language], daemon=True) for language in commands]
        for listener in self._listeners:
            listener.start()

    def _listen(self, language):
        for line in self._programs[language].process.stdout:
            if not line.endswith("\n"):
                return  # Cut off, since the program was ended while it wrote.
            outcome, _, rest = line.strip().partition(" ")
            self._heard_of[rest.partition(" ")[0]] += 1
            counter = self.answered if outcome == "ok" else self.failed
            counter[self.phase, language] += 1
            if outcome != "ok":
                print(f"   FAILED in {language}, while {self.phase}: {rest}", flush=True)

    def enter(self, phase):
        self.phase = phase
        self.phases.append(phase)

    def goes_on(self, requests):
        """Waits until each program has made so many requests more."""
        goals = {language: self.requests(language) + requests for language in self._programs}
        self._wait(lambda: all(self.requests(language) >= goal for language, goal in goals.items()))

    def goes_round(self):
        """Waits until each client has been there once more."""
        self.hears_of([client["client_id"] for share in self._shares.values() for client in share])

    def hears_of(self, client_ids):
        """Waits until each of these clients has been there once more, with a request that began after this."""
        # What is in work now is one request of each program, and no client of several has two turns in a row.
        self.goes_on(1)
        goals = {client_id: self._heard_of[client_id] + 1 for client_id in client_ids}
        self._wait(lambda: all(self._heard_of[client_id] >= goal for client_id, goal in goals.items()))

    def soon(self, turns):
        """A client of each program whose turn comes after so many others."""
        at = {language: self.requests(language) + turns for language in self._shares}
        return [share[at[language] % len(share)]["client_id"] for language, share in self._shares.items()]

    def _wait(self, is_reached):
        end = time.monotonic() + LONGEST_STEP_SECONDS
        while not is_reached():
            if time.monotonic() > end:
                raise SystemExit(f"the fleet has hung, while {self.phase}")
            for program in self._programs.values():
                if program.process.poll() is not None:
                    raise SystemExit(f"a program of the fleet has ended: {program.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def requests(self, language):
        return sum(self.answered[phase, language] + self.failed[phase, language] for phase in self.phases)

    def counted(self):
        """Requests of all programs by now."""
        return sum(self.requests(language) for language in self._programs)

    @property
    def failures(self):
        return sum(self.failed.values())

    def stop(self):
        """Ends the programs. What they said is counted once this is done."""
        for program in self._programs.values():
            program.process.terminate()
            program.process.wait(timeout=30)
        for listener in self._listeners:
            listener.join(timeout=30)
            if listener.is_alive():
                raise SystemExit("a program of the fleet has ended, and its output has no end")

    def table(self):
        """Requests by phase and language."""
        languages = list(self._programs)
        rows = [["phase", *languages, "failed"]]
        phases = [phase for phase in self.phases if any(self.answered[phase, one] + self.failed[phase, one] for one in languages)]
        for phase in phases:
            failed = sum(self.failed[phase, one] for one in languages)
            rows.append([phase, *(self.answered[phase, one] + self.failed[phase, one] for one in languages), failed])
        rows.append(["all", *(self.requests(one) for one in languages), self.failures])
        return rows
