# Banshi 办事. `make` lists the targets.
PYTHON ?= $(shell for found in python3.13 $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.13*/bin/python python3; do \
	"$$found" -c "" 2>/dev/null && { echo "$$found"; break; }; done)
VENV := .venv
UV := 0.13.8
BIN := $(VENV)/bin
BROWSER := tests/browser
FONTS := chalicelib/certificates/fonts
NOTO := node_modules/@expo-google-fonts/noto-sans-sc

.DEFAULT_GOAL := help
.PHONY: help install run demo test proofs test-stack lint mutants house format openapi examples bench publish check-city move-cases join staff staff-code suspend reinstate dismiss invoke \
	rush cycle hostile notices limits simulation package deploy secrets destroy restore-items practice costs lock clean-data

# the shell has a USER of its own
STAFF_USER = $(if $(findstring command,$(origin USER)),$(USER))
# a deployed stage instead of the system on this machine: make publish STAGE=test
export BANSHI_STAGE := $(STAGE)

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

install: $(VENV)/installed $(FONTS)/NotoSansSC-Regular.ttf ## create the virtual environment, install pinned dependencies

# An installation that was interrupted has no marker, and is begun anew: nothing half-written is used.
$(VENV)/installed: requirements-dev.txt tools/install.sh
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed, $$($(PYTHON) --version) was found: choose one with make PYTHON=python3.13"; exit 1; }
	@echo "installing Python packages into $(VENV) (once)"
	@sh tools/install.sh "$(PYTHON)" $(VENV) $(UV)

node_modules/installed: package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer from https://nodejs.org, then run this again"; exit 1; }
	@echo "installing the embedded database, fonts and the contract's linter from npm (once)"
	@npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(FONTS)/NotoSansSC-Regular.ttf: node_modules/installed
	@mkdir -p $(FONTS)
	@cp $(NOTO)/700Bold/NotoSansSC_700Bold.ttf $(FONTS)/NotoSansSC-Bold.ttf
	@cp $(NOTO)/400Regular/NotoSansSC_400Regular.ttf $@.half && touch $@.half && mv $@.half $@

# Ctrl-C is ignored until the program listens to it itself (local/run.py)
run: install ## start everything on this machine; Ctrl-C stops it
	@trap '' INT; exec $(BIN)/python -m local.run

demo: install ## play the whole journey against the running system
	@$(BIN)/python -m demo

test: install $(BROWSER)/unpacked/installed ## run all tests; make test FEATURE=payments runs those of one feature
ifdef FEATURE
	@$(BIN)/python -m pytest -n auto tests/$(FEATURE)
else
	@$(BIN)/python -m pytest -n auto
	@$(BIN)/python -m pytest -n auto --dist worksteal --override-ini addopts= -q --strict-markers --timeout 600 tests/proofs
endif

$(BROWSER)/unpacked/installed: $(BROWSER)/package-lock.json
	@echo "installing the browser of the page tests (once)"
	@cd $(BROWSER) && npm ci --silent --no-audit --no-fund --ignore-scripts && rm -rf unpacked && mkdir unpacked
	@cd $(BROWSER) && TMPDIR=$$PWD/unpacked AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x node unpack.mjs >/dev/null
	@touch $@

proofs: install ## the large proofs: 10,000 schedules of identities and of cases, long stories, all tests over botocore, random requests; over an hour on two cores
	@BANSHI_IDENTITIES=10000 HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n auto --dist worksteal --override-ini addopts= -q --strict-markers --timeout 7200 tests/proofs/test_identity.py
	@BANSHI_SCHEDULES=70000 $(BIN)/python -m pytest -n auto --dist worksteal --override-ini addopts= -q --strict-markers --timeout 7200 tests/proofs/test_case_schedules.py
	@WIRE=botocore $(BIN)/python -m pytest -n auto
	@BANSHI_FUZZ_SECONDS=120 $(BIN)/python -m pytest --override-ini addopts= -q --strict-markers --timeout 600 tests/proofs/test_contract.py

test-stack: install ## deploy the packages into an AWS emulator and play the journey there (Python 3.13)
	@$(BIN)/python -m pytest --override-ini addopts= -v --strict-markers --timeout 900 tests/stack

lint: install ## formatting, lint, strict types, the contract's linter
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@said=$$(REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_modules/.bin/redocly lint openapi.yaml 2>&1) \
		|| { echo "$$said"; exit 1; }

mutants: install ## change the pure rules in a thousand small ways; how many changes their own tests notice
	@$(BIN)/python -m tools.mutants

house: install ## how the code reads, in figures beside their goals
	@$(BIN)/python -m tools.house

format: install ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: install ## write openapi.yaml and docs/errors.md from the endpoint declarations
	@$(BIN)/python -m tools.openapi

examples: install ## play all tests and keep a request and an answer of each operation for the contract
	@BANSHI_EXAMPLES=$(CURDIR)/docs/examples.json $(BIN)/python -m pytest -n auto
	@$(BIN)/python -m tools.openapi

bench: install ## measure units, CPU, cold start, PDF and QR; results in bench/results/
	@$(BIN)/python -m bench

cycle: install ## whole cases, from the log-in to the scan: how many a second one core gets through
	@$(BIN)/python -m bench.cycle

rush: install ## a release morning: 30,000 people on 4,000 places (make rush PEOPLE=3000 PLACES=480 is smaller)
	@$(BIN)/python -m bench.rush $(if $(PEOPLE),--people $(PEOPLE)) $(if $(PLACES),--places $(PLACES))

hostile: install ## 1,000 payments against lost, doubled, late and forged notifications (make hostile ORDERS=10000 takes ten times as long)
	@$(BIN)/python -m bench.hostile $(if $(ORDERS),--orders $(ORDERS))

notices: install ## how soon people are told: events at a steady rate against the whole stack
	@$(BIN)/python -m bench.notices

limits: install ## 100,000 running limits computed anew after a calendar was published, by a job that is interrupted
	@$(BIN)/python -m bench.limits

simulation: install ## what a release morning of a city of 8 million would meet on DynamoDB
	@$(BIN)/python -m bench.simulation

publish: install ## check city/ and publish it to the running system (BROKEN=keep or cancel decides about appointments)
	@$(BIN)/python -m tools.publish city $(if $(BROKEN),--broken=$(BROKEN))

check-city: install ## check city/ without publishing
	@$(BIN)/python -m tools.publish --check city

move-cases: install ## move running cases to another version of a service: make move-cases SERVICE=code FROM=1 TO=2 STEPS=steps.json REASON='why'
	@$(BIN)/python -m tools.move_cases "$(SERVICE)" "$(FROM)" "$(TO)" "$(STEPS)" "$(REASON)"

staff-code: install ## print a staff member's one-time code: make staff-code USER=officer.a
	@$(BIN)/python -m tools.staff_code $(STAFF_USER)

invoke: install ## call a function now: make invoke FUNCTION=check_history [EVENT='{"day": "2026-11-20"}']
	@$(BIN)/python -m tools.invoke $(FUNCTION) $(if $(EVENT),'$(EVENT)')

suspend reinstate dismiss: install ## end a staff member's sessions at once: make dismiss USER=li.si REASON=已办理离岗手续 [STAGE=test]
	@$(BIN)/python -m tools.staff_state $@ "$(STAFF_USER)" "$(REASON)"

join: install ## set password and second factor by an invitation: make join USER=zhang.san [URL=https://api.example.gov.cn]
	@$(BIN)/python -m tools.join "$(STAFF_USER)" "$(URL)"

staff: install ## invite a staff member (RESET=yes: with new factors): make staff USER=zhang.san NAME=张三 UNIT=transport_bureau ROLES=officer [STAGE=test]
	@$(BIN)/python -m tools.staff "$(STAFF_USER)" "$(NAME)" "$(UNIT)" "$(ROLES)" "$(PHONE)" "$(RESET)"

package: install ## build what Lambda runs into build/; make package ARCHITECTURE=arm64 (Python 3.13)
	@$(BIN)/python -m infra.package $(if $(ARCHITECTURE),--architecture $(ARCHITECTURE))

secrets: install ## enter the secrets of a stage: make secrets STAGE=test
	@$(BIN)/python -m infra.secrets $(STAGE)

deploy: install ## deploy a stage: make deploy STAGE=test (YES=1 applies the changes without asking)
	@$(BIN)/python -m infra.deploy "$(STAGE)" $(if $(YES),--yes)

destroy: install ## remove a stage with all its data: make destroy STAGE=test
	@$(BIN)/python -m infra.destroy "$(STAGE)"

restore-items: install ## bring back lost items: make restore-items FROM=banshi-test-catalog-copy KEY=RELEASE# STAGE=test
	@$(BIN)/python -m tools.restore_items "$(FROM)" "$(KEY)"

practice: install ## an empty AWS account on this machine, to try deployment and operation on (Python 3.13)
	@$(BIN)/python -m local.practice

costs: install ## what a month costs, for a town, a city and a province
	@$(BIN)/python -m infra.costs

lock: install ## resolve the pinned dependencies anew
	@$(BIN)/uv pip compile -q --universal -p 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --universal -p 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements-dev.in -o requirements-dev.txt
	@npm install --silent --package-lock-only --omit-lockfile-registry-resolved

clean-data: ## forget all local data, keys included
	rm -rf .data
