"""METIS (recursive, k-way) and KaHIP strong on the instances that `cargo bench --bench cut -- --export DIR` wrote.

    python3 -m venv venv && venv/bin/pip install pymetis==2025.2.2 kahip==3.25
    venv/bin/python benches/peers/cut_peers.py DIR [--seeds 5] [--markdown]

Each peer gets the cap in its own terms (tolerance over the fair share of one weight), with several seeds, and its best answer
that holds the cap counts; an answer above the cap does not, however small its cut. Not a dependency of the tool.
"""
import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import kahip
import pymetis


def value(instance, bins):
    loads = [0] * instance["bins"]
    for item, bin_ in enumerate(bins):
        loads[bin_] += instance["loads"][item]
    cut = sum(w for a, b, w in instance["edges"] if bins[a] != bins[b])
    return cut, max(loads)


def rows_of(instance):
    adjacency = [[] for _ in instance["loads"]]
    for a, b, w in instance["edges"]:
        adjacency[a].append((b, w))
        adjacency[b].append((a, w))
    xadj, adjncy, weights = [0], [], []
    for row in adjacency:
        adjncy += [v for v, _ in row]
        weights += [w for _, w in row]
        xadj.append(len(adjncy))
    return xadj, adjncy, weights


def scaled(loads, limit):
    """Both peers sum 32-bit weights: rounded so that the total stays below the limit."""
    total = sum(loads)
    return list(loads) if total < limit else [max(1, round(w * limit / total)) for w in loads]


def metis(instance, graph, tolerance, seed, recursive):
    xadj, adjncy, weights = graph
    options = pymetis.Options(seed=seed, ufactor=max(1, round(1000 * tolerance)), niter=20, ncuts=4)
    result = pymetis.part_graph(instance["bins"], xadj=xadj, adjncy=adjncy, eweights=weights,
                                vweights=scaled(instance["loads"], 1_000_000_000), recursive=recursive, options=options)
    return result[1]


def kahip_strong(instance, graph, tolerance, seed):
    xadj, adjncy, weights = graph
    return kahip.kaffpa(scaled(instance["loads"], 1_000_000_000), xadj, weights, adjncy, instance["bins"], tolerance, True, seed,
                        kahip.STRONG)[1]


PEERS = {
    "METIS rb": lambda i, g, t, s: metis(i, g, t, s, True),
    "METIS kway": lambda i, g, t, s: metis(i, g, t, s, False),
    "KaHIP strong": kahip_strong,
}


def best_within(peer, instance, graph, row, seeds, limit):
    tolerance = row["cap"] * instance["bins"] / sum(instance["loads"]) - 1
    best, spent = None, 0.0
    for seed in range(1, seeds + 1):
        started = time.process_time()
        bins = peer(instance, graph, tolerance, seed)
        spent += time.process_time() - started
        cut, peak = value(instance, bins)
        if peak <= row["cap"] and (best is None or cut < best):
            best = cut
        if spent > limit:
            break
    return best, spent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds for one peer on one row")
    parser.add_argument("--match", default="")
    parser.add_argument("--cache", type=Path, help="peers' answers, kept between runs")
    arguments = parser.parse_args()
    cache = json.loads(arguments.cache.read_text()) if arguments.cache and arguments.cache.exists() else {}
    print("| instance | tolerance | " + " | ".join(f"{p} cut, CPU s" for p in PEERS) + " | ours | ours / best peer |")
    print("|---|---|" + "---|" * (len(PEERS) + 2))
    groups = {}
    for path in sorted(arguments.folder.glob("*.json")):
        if arguments.match not in path.name:
            continue
        instance = json.loads(path.read_text())
        graph = rows_of(instance)
        for row in instance["ours"]:
            cells, cuts = [], []
            for name, peer in PEERS.items():
                key = f"{instance['name']} {row['cap']} {name} {arguments.seeds}"
                if key not in cache:
                    sys.stdout.flush()
                    # KaHIP writes to the process's stdout whatever it is told.
                    saved, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
                    os.dup2(null, 1)
                    cache[key] = best_within(peer, instance, graph, row, arguments.seeds, arguments.limit)
                    os.dup2(saved, 1)
                    os.close(saved)
                    os.close(null)
                cut, seconds = cache[key]
                cells.append(f"above cap, {seconds:.2f}" if cut is None else f"{cut}, {seconds:.2f}")
                cuts += [] if cut is None else [cut]
            best = min(cuts, default=None)
            ratio = None if best is None else row["cut"] / max(best, 1)
            if best is not None:
                family = "_".join(instance["name"].split("_")[:2]) if instance["name"].startswith("n") else "fk"
                groups.setdefault((family, row["tolerance_ppm"]), []).append((row["cut"], best))
            shown = "no peer holds it" if best is None else f"{ratio:.3f}" + (" **worse**" if row["cut"] > best else "")
            print(f"| {instance['name']} | {row['tolerance_ppm'] / 1e4:g} % | " + " | ".join(cells) + f" | {row['cut']} | {shown} |",
                  flush=True)
            if arguments.cache:
                arguments.cache.write_text(json.dumps(cache))
    print("\n| class | tolerance | rows where a peer holds the cap | ours <= best peer | median ours / best | worst |\n|---|---|---|---|---|---|")
    for (family, tolerance), pairs in sorted(groups.items()):
        ratios = [ours / max(best, 1) for ours, best in pairs]
        wins = sum(ours <= best for ours, best in pairs)
        print(f"| {family} | {tolerance / 1e4:g} % | {len(pairs)} | {wins} | {statistics.median(ratios):.3f} | {max(ratios):.3f} |")


if __name__ == "__main__":
    main()
