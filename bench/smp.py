# SPDX-License-Identifier: GPL-2.0-or-later
"""Two vCPUs on two cores against one: a workload runs alone, then twice at
once, in a guest with two vCPUs that may use any core. What counts is wall time:
twice the work in the same time is 2. The host itself is measured alike, as its
two cores may share one or have other work; CPU time shows what they do to each
other whatever else runs."""
import statistics

from bench.peers import Guest, Native

NAMES = ["sieve", "virtual", "nbody", "fault", "syscall", "files"]
PAIRS = 3  # a round


def gain(peer, name):
    """(times the work in the same time, CPU time for the same work).
    Both by the shell: the runner takes a command that begins with /workloads itself."""
    once = peer.run(f": ; /workloads {name}")
    twice = peer.run(f": ; /workloads {name} & /workloads {name} ; wait")
    return 2 * once.wall / twice.wall, twice.cpu / 2 / once.cpu


def measure(native, emulators, rounds, out):
    """name -> peer -> medians of what gain() says. The peers take turns: how far a
    host's cores slow each other down changes from minute to minute."""
    peers = [Native("native", native, cpus="0-1")]
    peers += [Guest(name, [*command, "-smp", "2"], out, cpus="0-1") for name, command in emulators.items()]
    gains = {name: {} for name in NAMES}
    try:
        for peer in peers:
            peer.start()
        for name in NAMES:
            pairs = [[gain(peer, name) for peer in peers] for _ in range(1 + PAIRS * rounds)]
            for peer, own in zip(peers, zip(*pairs[1:])):
                work, cost = gains[name][peer.name] = tuple(map(statistics.median, zip(*own)))
                print(f"smp          {name:20} {peer.name} {work:.2f} (CPU {cost:.2f})", flush=True)
    finally:
        for peer in peers:
            peer.stop()
    return gains
