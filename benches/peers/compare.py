#!/usr/bin/env python3
"""Peak: our plans beside CP-SAT, HiGHS and SCIP on the same instances.

    cargo bench --bench quality -- --classes "peers" --first-seed 101 --seeds 10 --budget large --export DIR
    pip install ortools==9.15.6755 highspy==1.16.0 pyscipopt==6.3.0
    benches/peers/compare.py DIR --cache FILE [--seconds 60] [--solvers cpsat,highs,scip] [--only WORD] [--hints] [--limit N]

Every solver gets 2 workers, cold, and once more with our assignment as a hint where it is asked for (CP-SAT, SCIP). Each runs in
a process of its own: ortools and highspy cannot be loaded together. None of them is a dependency of the tool. Answers are kept
in the cache, by instance, solver, version and seconds, so that another build of ours can be compared without running them
again; `--limit 0` runs none. What comes out is the table "Beside other solvers" of docs/trials.md.
"""
import argparse
import hashlib
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import time


def cpsat(core, seconds, hint):
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    items, bins = range(len(core["loads"])), range(core["bins"])
    x = [[model.new_bool_var("") for _ in bins] for _ in items]
    peak = model.new_int_var(0, sum(max(row) for row in core["loads"]), "")
    for i in items:
        model.add_exactly_one(x[i])
    for k in bins:
        for t in range(core["dimensions"]):
            model.add(sum(core["loads"][i][t] * x[i][k] for i in items if core["loads"][i][t]) <= peak)
    model.add(x[0][0] == 1)
    if hint:
        first = hint[0]
        for i in items:
            # The model pins item 0 to bin 0, so the two bins change names.
            place = {first: 0, 0: first}.get(hint[i], hint[i])
            for k in bins:
                model.add_hint(x[i][k], int(place == k))
    model.minimize(peak)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return (solver.objective_value if found else None, solver.best_objective_bound)


def highs(core, seconds, _hint):
    import highspy

    model = highspy.Highs()
    for key, value in (("output_flag", False), ("time_limit", float(seconds)), ("threads", 2)):
        model.setOptionValue(key, value)
    items, bins = range(len(core["loads"])), range(core["bins"])
    peak = model.addVariable(lb=0)
    x = [[model.addBinary() for _ in bins] for _ in items]
    scale = 1e6 / max(1, max(max(row) for row in core["loads"]))
    for i in items:
        model.addConstr(sum(x[i][1:], x[i][0]) == 1)
    for k in bins:
        for t in range(core["dimensions"]):
            model.addConstr(sum((core["loads"][i][t] * scale * x[i][k] for i in items), -1 * peak) <= 0)
    model.addConstr(x[0][0] + 0 * peak == 1)
    model.minimize(peak)
    value, bound = model.getInfo().objective_function_value, model.getInfo().mip_dual_bound
    return (value / scale if abs(value) < 1e29 else None, bound / scale)


def scip(core, seconds, hint):
    from pyscipopt import Model, quicksum

    model = Model()
    model.hideOutput()
    model.setParam("limits/time", seconds)
    items, bins = range(len(core["loads"])), range(core["bins"])
    scale = 1e6 / max(1, max(max(row) for row in core["loads"]))
    peak = model.addVar(lb=0)
    x = [[model.addVar(vtype="B") for _ in bins] for _ in items]
    for i in items:
        model.addCons(quicksum(x[i]) == 1)
    for k in bins:
        for t in range(core["dimensions"]):
            model.addCons(quicksum(core["loads"][i][t] * scale * x[i][k] for i in items) <= peak)
    model.setObjective(peak)
    if hint:
        start = model.createPartialSol()
        for i in items:
            for k in bins:
                model.setSolVal(start, x[i][k], int(hint[i] == k))
        model.addSol(start)
    model.optimize()
    found = model.getNSols() > 0
    return (model.getObjVal() / scale if found else None, model.getDualbound() / scale)


SOLVERS = {"cpsat": (cpsat, True, "ortools"), "highs": (highs, False, "highspy"), "scip": (scip, True, "pyscipopt")}


def worker(queue, name, core, seconds, hint):
    start = time.monotonic()
    try:
        peak, bound = SOLVERS[name][0](core, seconds, hint)
        times = os.times()
        queue.put({"peak": peak, "bound": bound, "seconds": time.monotonic() - start, "cpu": times.user + times.system})
    except Exception as error:  # a missing package or a solver that gives up is a row of its own
        queue.put({"error": str(error)})


def run(name, core, seconds, hint):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=worker, args=(queue, name, core, seconds, hint))
    process.start()
    try:
        return queue.get(timeout=3 * seconds + 120)
    except Exception:
        process.terminate()
        return {"error": "did not stop"}
    finally:
        process.join(5)


def version(name):
    try:
        return importlib.metadata.version(SOLVERS[name][2])
    except importlib.metadata.PackageNotFoundError:
        return None


class Answers:
    """What other solvers said, kept in a file."""

    def __init__(self, path, limit):
        self.path, self.left = path, limit
        self.known = json.loads(path.read_text()) if path and path.exists() else {}

    def of(self, core, name, seconds, hint):
        # A hint is ours, so that its answers are of one build only.
        instance = json.dumps([core["bins"], core["dimensions"], core["loads"], hint])
        key = f"{hashlib.sha256(instance.encode()).hexdigest()[:16]} {name} {seconds}"
        if key not in self.known:
            if self.left == 0:
                return None
            self.left -= 1
            self.known[key] = {"version": version(name), **run(name, core, seconds, hint)}
            if self.path:
                self.path.write_text(json.dumps(self.known, indent=1) + "\n")
        return self.known[key]


def share(part, whole):
    return part / whole if whole else 0.0


def rows(core, options, answers):
    """One line each for ours and theirs; what is summed up of theirs is returned."""
    ours, found = core["ours"], []
    gap = share(ours["peak"] - ours["bound"], ours["peak"])
    print(f"| {core['name']} | ours | {ours['peak']} | | {gap:.4%} | {ours['seconds']:.1f} s |")
    for name in options.solvers.split(","):
        for label, hint in (("cold", None), ("hint", ours["assignment"])):
            if hint and not (options.hints and SOLVERS[name][1]):
                continue
            answer = answers.of(core, name, options.seconds, hint)
            if answer is None:
                continue
            if answer.get("peak") is None:
                print(f"| | {name} {label} | {answer.get('error', 'none')} | | | |", flush=True)
                continue
            over = share(answer["peak"] - ours["peak"], ours["peak"])
            theirs = share(answer["peak"] - answer["bound"], answer["peak"])
            took = f"{answer['seconds']:.0f} s, {answer['cpu']:.0f} s of CPU"
            print(f"| | {name} {label} | {answer['peak']:.0f} | {over:+.4%} | {theirs:.4%} | {took} |", flush=True)
            # Their floats say a little less or more than the whole number that is meant.
            same = 1e-7 * ours["peak"]
            found.append((f"{name} {label}", over, ours["peak"] <= answer["peak"] + same, gap <= theirs + 1e-6))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--solvers", default="cpsat,highs,scip")
    parser.add_argument("--only", default="")
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--limit", type=int, default=-1, help="answers to ask for that are not in the cache; default: all")
    options = parser.parse_args()
    answers = Answers(options.cache, options.limit)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    versions = ", ".join(f"{SOLVERS[name][2]} {version(name)}" for name in options.solvers.split(","))
    print(f"ours at {commit}; {versions}; {options.seconds} s and two workers each\n")
    print("| instance | solver | peak | over ours | its gap | time |\n|---|---|---|---|---|---|")
    classes = {}
    for path in sorted(path for path in options.folder.glob("*.json") if options.only in path.name):
        core = json.loads(path.read_text())
        if "ours" in core:
            name = re.sub(r"_K\d+_s\d+$", "", core["name"])
            for solver, *found in rows(core, options, answers):
                classes.setdefault((name, solver), []).append(found)
    print("\n| class | solver | instances | ours no higher | over ours: median, least | gap no larger |\n|---|---|---|---|---|---|")
    for (name, solver), found in sorted(classes.items()):
        over = [over for over, *_ in found]
        print(
            f"| {name} | {solver} | {len(found)} | {sum(peak for _, peak, _ in found)} | "
            f"{statistics.median(over):+.4%}, {min(over):+.4%} | {sum(gap for *_, gap in found)} |"
        )


if __name__ == "__main__":
    main()
