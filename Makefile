# `make run` shows the product, `make test` checks it. Each target sets up what it needs, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
CLIENT := clients/typescript
NODE := $(CLIENT)/node_modules/installed.stamp
ISSUER := tests/oidc/node_modules/installed.stamp# an issuer of identities, for tests
PY := $(VENV)/bin/python
PORT ?= 8000
DATA ?= .parcours
PYTEST ?=
SPREAD ?= -n 2 --dist loadfile --no-loadscope-reorder # two processes; a file's tests share what they set up, and the slow ones are first
BENCH ?=
FAULTS := .cache/clusters.md# what tests/clusters measured of each fault

# The generated part of the Python client follows from the OpenAPI document, and that from these.
GENERATED := clients/python/src/parcours_client/generated/made_from.sha256
DESCRIBED := $(shell find services shared deploy clients/python/generate.py -name '*.py' -o -name '*.json')

.PHONY: help run setup test test-long lint check coverage bench lock compose client client-types client-python package clean

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

run: $(VENV)/run.stamp ## set up, and serve the demonstration on http://127.0.0.1:8000 (PORT=, DATA=)
	@exec $(PY) -m services.cli.main demo --port $(PORT) --data $(DATA)

setup: $(VENV)/test.stamp ## set up what running, testing and linting need

test: lint check ## lint, type and test everything, broker and database included (PYTEST='-k words')

test-long: $(VENV)/test.stamp $(NODE) $(ISSUER) $(GENERATED) ## the tests that take minutes or more
	rm -f $(FAULTS)
	$(PY) -m pytest -m long $(PYTEST)
	PARCOURS_TEST_LAW_EXAMPLES=200 $(PY) -m pytest --timeout=3600 tests/contract/read_models/test_figure_laws.py
	PARCOURS_TEST_ICU_LOCALE=fr-FR TZ=America/Cayenne $(PY) -m pytest $(SPREAD) tests/contract/read_models tests/contract/store
	PARCOURS_TEST_LOCALE=tr_TR TZ=Pacific/Auckland $(PY) -m pytest $(SPREAD) tests/contract/read_models tests/contract/store
	[ ! -e $(FAULTS) ] || cat $(FAULTS)

lint: $(VENV)/test.stamp $(GENERATED) ## ruff, mypy, yamllint, hadolint; the import rules are tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/yamllint --strict .
	$(VENV)/bin/hadolint deploy/Dockerfile

check: $(VENV)/test.stamp $(NODE) $(ISSUER) $(GENERATED)
	$(PY) -m pytest $(SPREAD) $(PYTEST)

coverage: $(VENV)/test.stamp $(NODE) $(ISSUER) $(GENERATED) ## the same tests, and which branches of the product they reach (a third slower)
	$(PY) -m pytest --cov --cov-report=term:skip-covered $(SPREAD) $(PYTEST)

bench: $(VENV)/test.stamp ## measure, beside floors and a peer: docs/measured.md (BENCH='replay --events 1000000')
	$(PY) -m tests.bench $(BENCH)

lock: ## resolve the dependencies of pyproject.toml again, with hashes
	bin/lock

compose: $(VENV)/run.stamp ## write docker-compose.yml, the users of RabbitMQ and the roles of PostgreSQL again, from the registry of services
	$(PY) -m deploy.compose > docker-compose.yml.new
	mv docker-compose.yml.new docker-compose.yml
	$(PY) -m deploy.broker_users --template > definitions.json.new
	mv definitions.json.new deploy/rabbitmq/definitions.json
	$(PY) -m deploy.database_roles

client: $(NODE) ## set up and compile the TypeScript client (Node.js 20)
	@npm run --prefix $(CLIENT) --silent build

client-types: $(VENV)/test.stamp $(NODE) ## write its types again, from the documents of the gateway
	$(PY) -m tests.clients.generate

client-python: $(GENERATED) ## generate the models and readings of the Python client

package: $(VENV)/test.stamp $(GENERATED) ## build the wheels of the product and of its Python client into dist/
	$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . ./clients/python

clean: ## remove the environment and every cache; the data of .parcours stays
	rm -rf $(VENV) $(CLIENT)/node_modules tests/oidc/node_modules $(CLIENT)/dist $(CLIENT)/build $(dir $(GENERATED))
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The tests' requirements contain the product's own: with them installed, the product starts at once.
$(VENV)/run.stamp: requirements/run.txt
	@[ $(VENV)/test.stamp -nt requirements/test.txt ] && $(PY) -c '' || bin/environment $(VENV) requirements/run.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt
	@bin/environment $(VENV) requirements/test.txt
	@touch $@

$(NODE): $(CLIENT)/package-lock.json
	@bin/node-packages $(CLIENT)
	@touch $@

$(ISSUER): tests/oidc/package-lock.json
	@bin/node-packages tests/oidc
	@touch $@

$(GENERATED): $(VENV)/test.stamp bin/client-python $(DESCRIBED)
	@bin/client-python
	@touch $@
