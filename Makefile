.DEFAULT_GOAL := help
.PHONY: help setup check test docs schema bench

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## Make .venv with everything in it
	@script/setup

check: ## Check style, types and imports, without the tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/pytest -q tests/test_tidy.py tests/test_docs.py

test: ## Set up, check and test everything
	@script/test

docs: ## Write docs/reference/ anew from the code
	.venv/bin/python script/docs

schema: ## Write schema.sql anew from migrations/
	.venv/bin/python script/schema

bench: ## Measure, beside the limit
	.venv/bin/python bench/flows.py
	.venv/bin/python bench/workers.py
	.venv/bin/python bench/waiting.py
	.venv/bin/python bench/console.py
	.venv/bin/python bench/review.py
	.venv/bin/python bench/documents.py
	.venv/bin/python bench/expiry.py
	.venv/bin/python bench/points.py
	.venv/bin/python bench/settlement.py
