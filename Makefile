# make demo      the first run: digits from teacher to phone bundle, results in runs/digits
# make test      lint and the suite, without the slow tests
# make test-all  the whole suite
# make nightly   all that is long, goes on after what fails, and ends with a table of times
# make test-gpu  the tests that want a GPU, on a machine that has one
# make bench     the benchmarks, into docs/results
# make study     the study of LP, in runs/study: hours; goes on where it was stopped
# make results   tables and plots of docs/results/locality.md from its raw rows
# make pictures  the pictures of docs/paper.md, from networks trained on the digits: minutes
# make torture   every attack of tests/faults, within an hour, into docs/results/reliability.md
# make soak      training, cache, graph and report in a loop: SOAK_MINUTES=30
# make test-matrix   the suite under each Python found, with the oldest and newest TensorFlow;
#                    make test-3.12-oldest for one of them
# make install   the virtual environment with all extras
# make audit     known holes in what is installed, and in what the documentation is built with
# make test-wheel   the suite of the library, from another folder, against the installed wheel
# make lint      ruff, and the types of all signatures by mypy
# make docs      the documentation, into site/: every broken link is an error
# make test-mediapipe   MediaPipe Tasks, in an environment of its own, opens the bundles
# make test-android     the pure Kotlin of export/android, on the JVM: needs Java 17 and npm
# make check-links    are the web addresses in pages and docstrings still there? wants a network
# All of them set up $(VENV) first; a second run finds it ready.

SHELL := bash
.DELETE_ON_ERROR:
.PHONY: demo install test test-all test-gpu bench study results pictures lint docs torture soak \
  audit test-matrix nightly test-wheel test-mediapipe test-android have-java have-npm

VENV ?= .venv
PYTHON ?=
RUN_DIR ?= runs/digits
PYTEST := $(VENV)/bin/python -m pytest
# A file of tests stays in one process, with what it has trained. Each process takes some 2 GB.
PARALLEL := -n logical --maxprocesses 4 --dist loadfile
FAST := $(PARALLEL) -m "not slow and not gpu and not torture"
SOAK_MINUTES ?= 30
# A trained .keras teacher for 32x32 pixels 0..255. Without it the study trains one, and layers and
# balance, whose committed tables are of the digits and of CIFAR, are left out.
CIFAR_TEACHER ?=
OF_CIFAR := $(if $(CIFAR_TEACHER),--cifar_teacher $(CIFAR_TEACHER))
BENCHMARKS ?= imports loss growth step cache graph $(if $(CIFAR_TEACHER),layers balance)

demo: $(VENV)/.demo
	$(VENV)/bin/python recipes/digits.py --run_dir $(RUN_DIR)

install: $(VENV)/.dev

test: lint
	$(PYTEST) $(FAST)

test-all: lint
	$(PYTEST) $(PARALLEL) -m "not gpu and not torture"

test-gpu: $(VENV)/.dev
	$(PYTEST) tests/gpu

bench: $(BENCHMARKS:%=bench-%)

bench-%: $(VENV)/.dev
	$(VENV)/bin/python benchmarks/$*.py $(if $(filter $*,layers balance),$(OF_CIFAR))

STUDY_DIR ?= runs/study
WORKERS ?= 2

study: $(VENV)/.dev
	$(VENV)/bin/python recipes/study.py --run_dir $(STUDY_DIR) --workers $(WORKERS) $(OF_CIFAR)

# STUDY_DIR on the command line adds the runs of that study first.
results: $(VENV)/.dev
	$(VENV)/bin/python recipes/study_results.py \
	  $(if $(filter command line,$(origin STUDY_DIR)),--run_dir $(STUDY_DIR))

pictures: $(VENV)/.dev
	$(VENV)/bin/python recipes/pictures.py

torture: $(VENV)/.dev
	$(VENV)/bin/python benchmarks/reliability.py

soak: $(VENV)/.dev
	SOAK_MINUTES=$(SOAK_MINUTES) $(PYTEST) tests/faults/test_soak.py -s

# Strict: a package that could not be looked up (no network, a mirror without advisories) is no pass.
audit: $(VENV)/.dev $(VENV)-audit/.ready
	$(VENV)/bin/python -m pip freeze --exclude-editable > $(VENV)-audit/installed.txt
	@for list in "--no-deps --disable-pip -r $(VENV)-audit/installed.txt" "-r docs/requirements.txt"; do \
	  $(VENV)-audit/bin/pip-audit --strict $$list || { echo "make audit: not passed. Either known holes" \
	    "are listed above, or pypi.org could not be asked about a package" >&2; exit 1; }; \
	done

$(VENV)-audit/.ready: $(VENV)/.created
	$(VENV)/bin/python -m venv --clear $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --disable-pip-version-check --no-input -q "pip-audit>=2.7,<3"
	@touch $@

# What setup.py allows, at both ends: TensorFlow 2.20 with Keras 3.12, and the newest of both.
OLDEST := tensorflow==2.20.* tf_keras==2.20.* keras==3.12.*
MATRIX := $(foreach python,3.11 3.12 3.13,test-$(python)-oldest test-$(python)-newest)
.PHONY: $(MATRIX)

$(MATRIX): test-%:
	@venv=$(VENV)-$*; python=python$(word 1,$(subst -, ,$*)); \
	$(MAKE) --no-print-directory VENV=$$venv PYTHON=$$python install || exit 1; \
	if [ $(word 2,$(subst -, ,$*)) = oldest ]; then \
	  $$venv/bin/python -m pip install --no-input -q $(OLDEST) || exit 1; fi; \
	$$venv/bin/python -m pytest $(FAST)

# Version managers leave commands that exist and do not run.
test-matrix:
	+@.ci/stages $$(for target in $(MATRIX); do \
	  python$$(cut -d- -f2 <<<$$target) --version &>/dev/null && echo $$target; done)

nightly: install
	+@.ci/stages test-all test-matrix test-mediapipe test-android docs torture soak \
	  $(BENCHMARKS:%=bench-%)

# The wheel, bare, beside the tools of the tests: no extra. The tests come from the unpacked sdist,
# whose own package is taken away. Left out: what wants an extra (compression, tflite), what is in
# the sdist but not in the wheel (recipes, export, benchmarks, faults, which runs recipes), pages
# and rules that read the source (the last lines).
WHEEL := $(VENV)-wheel
LEFT_OUT := compression tflite \
  recipes export benchmarks faults gpu \
  test_add_a_loss.py test_architecture.py test_check_links.py test_citation.py test_commands.py \
  test_design_page.py test_file_lengths.py test_packaging.py test_pages.py test_readme.py \
  test_safety.py test_surface.py test_workflows.py
test-wheel: $(VENV)/.dev
	$(VENV)/bin/python -m venv --clear $(WHEEL)
	$(VENV)/bin/python -m build --outdir $(WHEEL)/dist .
	$(WHEEL)/bin/python -m pip install --disable-pip-version-check --no-input -q \
	  $(WHEEL)/dist/*.whl pytest hypothesis
	tar -xzf $(WHEEL)/dist/*.tar.gz -C $(WHEEL)/dist --strip-components=1
	rm -r $(WHEEL)/dist/tf_lpdistill
	cd $(WHEEL)/dist && ../bin/python -m tf_lpdistill.report --help >/dev/null
	cd $(WHEEL)/dist && ../bin/python -m pytest -m "not slow and not gpu and not torture" \
	  $(LEFT_OUT:%=--ignore=tests/%)

test-mediapipe: $(VENV)/.dev $(VENV)-mediapipe/.ready
	MEDIAPIPE_PYTHON=$(VENV)-mediapipe/bin/python $(PYTEST) tests/tflite/test_mediapipe.py

test-android: have-java have-npm $(VENV)/.dev export/android/check/node_modules/.package-lock.json
	$(PYTEST) tests/export/test_android.py

# Tests that find no Java skip; who asks for just these wants to be told.
have-java have-npm: have-%:
	@command -v $* >/dev/null || { echo "make test-android needs $*, and there is none: install" \
	  "Java 17 and Node.js (Debian: apt-get install openjdk-17-jre-headless npm)" >&2; exit 1; }

export/android/check/node_modules/.package-lock.json: export/android/check/package-lock.json
	npm ci --prefix $(dir $<) --ignore-scripts --no-audit --no-fund
	@touch $@

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)-docs/.ready
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build

.PHONY: check-links
check-links: $(VENV)/.created
	$(VENV)/bin/python docs/check_links.py

# The docstrings are read, not imported: no TensorFlow in here.
$(VENV)-docs/.ready: docs/requirements.txt $(VENV)/.created
	$(VENV)/bin/python -m venv --clear $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --disable-pip-version-check --no-input -q -r $<
	@touch $@

# Commands that exist but do not run (version managers leave such) are passed over as well.
$(VENV)/.created:
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      2>/dev/null; then \
	    echo "Making the virtual environment $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV) && touch $@; exit; \
	  fi; \
	done; \
	echo "Python 3.11, 3.12 or 3.13 is needed, and none was found:" \
	  "install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1

define install
	@echo "Installing .[$(EXTRAS)] into $(VENV); TensorFlow alone is a download of some 600 MB"
	@set -o pipefail; \
	$(VENV)/bin/python -m pip install --disable-pip-version-check --no-input -e ".[$(EXTRAS)]" \
	  | awk '/^ *Downloading|^Installing/ { print; fflush() }'
	@touch $@
endef

# MediaPipe wants another absl-py than the compression tools; 1.2.2 is what the bundles were tried in.
$(VENV)-mediapipe/.ready: $(VENV)/.created
	$(VENV)/bin/python -m venv --clear $(VENV)-mediapipe
	$(VENV)-mediapipe/bin/python -m pip install --disable-pip-version-check --no-input -q \
	  mediapipe==1.2.2
	@touch $@

$(VENV)/.demo: EXTRAS := recipes,tflite,report
$(VENV)/.demo: setup.py pyproject.toml $(VENV)/.created
	$(install)

$(VENV)/.dev: EXTRAS := all,dev
$(VENV)/.dev: setup.py pyproject.toml $(VENV)/.created
	$(install)
