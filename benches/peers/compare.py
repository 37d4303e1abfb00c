#!/usr/bin/env python3
"""Peak: our plans beside CP-SAT, HiGHS and SCIP on the same instances.

    cargo bench --bench quality -- --classes "core n=100 " --seeds 1 --export DIR
    pip install ortools==9.15.6755 highspy==1.16.0 pyscipopt==6.3.0
    benches/peers/compare.py DIR [--seconds 60] [--solvers cpsat,highs,scip] [--only WORD]

Every solver gets 2 workers, once cold and once with our assignment as a hint (CP-SAT, SCIP). Each runs in a process of
its own: ortools and highspy cannot be loaded together. None of them is a dependency of the tool.
"""
import argparse
import json
import multiprocessing
import pathlib
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


SOLVERS = {"cpsat": (cpsat, True), "highs": (highs, False), "scip": (scip, True)}


def worker(queue, name, core, seconds, hint):
    start = time.monotonic()
    try:
        queue.put((*SOLVERS[name][0](core, seconds, hint), time.monotonic() - start))
    except Exception as error:  # a missing package or a solver that gives up is a row of its own
        queue.put((None, None, str(error)))


def run(name, core, seconds, hint):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=worker, args=(queue, name, core, seconds, hint))
    process.start()
    try:
        return queue.get(timeout=3 * seconds + 120)
    except Exception:
        process.terminate()
        return (None, None, "did not stop")
    finally:
        process.join(5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--solvers", default="cpsat,highs,scip")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| instance | solver | peak | over ours | its bound | our bound | time |\n|---|---|---|---|---|---|---|")
    for path in sorted(path for path in options.folder.glob("*.json") if options.only in path.name):
        core = json.loads(path.read_text())
        ours = core["ours"]
        gap = (ours["peak"] - ours["bound"]) / max(1, ours["peak"])
        print(f"| {core['name']} | ours (gap {gap:.4%}) | {ours['peak']} | | | {ours['bound']} | {ours['seconds']:.2f} s |")
        for name in options.solvers.split(","):
            for label, hint in (("cold", None), ("hint", ours["assignment"])):
                if hint and not SOLVERS[name][1]:
                    continue
                peak, bound, seconds = run(name, core, options.seconds, hint)
                shown = "none" if peak is None else f"{peak:.0f}"
                over = "" if peak is None else f"{(peak - ours['peak']) / ours['peak']:+.4%}"
                lower = "" if bound is None else f"{bound:.0f}"
                took = seconds if isinstance(seconds, str) else f"{seconds:.1f} s"
                print(f"| | {name} {label} | {shown} | {over} | {lower} | | {took} |", flush=True)


if __name__ == "__main__":
    main()
