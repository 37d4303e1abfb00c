# Two commands do everything: `make demo` runs the main job on throwaway servers, `make test` passes all tests.
# Both need Rust, a C compiler and npm (the servers are npm packages, installed when first needed), and psql or pip.

.PHONY: demo test lint bench

demo:
	cargo run --release --locked --quiet -- demo

test: lint
	cargo test --locked

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo check --locked --lib --no-default-features

bench:
	cargo bench --locked
