# Front door; Meson does the work. `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all help deps setup check clean
all: setup
	ninja -C $(BUILD)

deps:
	tools/install-packages

setup: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX)

check: all
	meson test -C $(BUILD)

clean:
	rm -rf $(BUILD)
