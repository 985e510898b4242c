# Front door; Meson does the work. `make help` lists the targets.
BUILD ?= build
ASAN_BUILD ?= $(BUILD)-asan
DEB_BUILD ?= build-deb
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)

.PHONY: all help deps deps-vm deps-deb deps-openstack setup demo demo-cluster build-checked build-asan check check-long \
    check-openstack validation bench bench-plan bench-openstack asan install deb format \
    tidy clean
all: setup
	@ninja -C $(BUILD) -j $(JOBS)

help:
	@echo "make             build; the command is then $(BUILD)/weiss"
	@echo "make demo        install what is missing, build, let a Permalloy bar relax, show the curve"
	@echo "make demo-cluster   two virtual machines come up, the bar runs in them over TCP and shared memory, they go"
	@echo "make check       all tests, the quick ones also under sanitizers"
	@echo "make check-long  the examples in full; takes minutes"
	@echo "make check-openstack   brings up a real OpenStack in namespaces of its own, and tests in it; needs root"
	@echo "make validation  the same, and their numbers and pictures into docs/validation.md"
	@echo "make bench       times the program; results in bench.out"
	@echo "make bench-plan  tries plans on two servers of virtual machines; results in plan-rig; needs root"
	@echo "make bench-openstack   the network of that OpenStack against shared memory; results in openstack.out; needs root"
	@echo "make asan        only the tests under sanitizers, in $(ASAN_BUILD)"
	@echo "make install     to PREFIX ($(PREFIX)), below DESTDIR"
	@echo "make deb         Debian packages, into $(DEB_BUILD)"
	@echo "make deps        install the Debian packages that are missing; make deps-vm: those for virtual machines too"
	@echo "make format      clang-format all sources; make tidy: clang-tidy"
	@echo "make clean       remove the build directories"

deps:
	@tools/install-packages

deps-vm:
	@tools/install-packages packages.txt packages-vm.txt

deps-deb:
	@tools/install-packages packages.txt packages-deb.txt

deps-openstack: deps-vm deps-deb
	@tools/install-packages --start-nothing packages-openstack.txt

setup: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX)

demo: setup
	@ninja -C $(BUILD) -j $(JOBS) weiss
	$(BUILD)/weiss run examples/permalloy-bar.yaml

demo-cluster: setup deps-vm
	@ninja -C $(BUILD) -j $(JOBS) weiss src/plan/trace/libweiss-trace.so src/fabric/btl/mca_btl_ivshmem.so
	tools/demo-cluster $(BUILD)/weiss

# Warnings are errors in what the tests run; a plain `make` only shows them.
QUICK = --no-suite long --no-suite openstack
QUICK_ASAN = --no-suite long --no-suite openstack --no-suite slow --timeout-multiplier 4

build-checked: deps-vm deps-deb
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX)
	@meson configure $(BUILD) -Dwerror=true
	@ninja -C $(BUILD) -j $(JOBS)

build-asan: deps
	@test -f $(ASAN_BUILD)/build.ninja || meson setup $(ASAN_BUILD) -Dwerror=true -Dbuildtype=debug \
	    -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C $(ASAN_BUILD) -j $(JOBS)

check: build-checked build-asan
	@tools/check $(BUILD) $(QUICK) + $(ASAN_BUILD) $(QUICK_ASAN)

asan: build-asan
	@tools/check $(ASAN_BUILD) $(QUICK_ASAN)

check-long: all
	@tools/check $(BUILD) --suite long --timeout-multiplier 0

check-openstack: all deps-openstack
	@tools/in-openstack $(BUILD) tools/check $(BUILD) --suite openstack

validation: check-long
	python3 tests/examples/report.py $(BUILD)

bench: all
	python3 benchmarks/bench.py --weiss $(BUILD)/weiss $(BENCH)

bench-plan: all
	python3 benchmarks/plan-rig.py --weiss $(BUILD)/weiss $(BENCH)

bench-openstack: all deps-openstack
	@tools/in-openstack $(BUILD) /usr/bin/python3 benchmarks/openstack.py --out $(CURDIR)/openstack.out $(BENCH)

install: all
	meson configure $(BUILD) --prefix $(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

deb: deps-deb
	@tools/make-deb $(DEB_BUILD) $(JOBS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

tidy: setup
	clang-tidy -p $(BUILD) $$(git ls-files 'src/*.c')

clean:
	rm -rf $(BUILD) $(ASAN_BUILD) $(DEB_BUILD)
