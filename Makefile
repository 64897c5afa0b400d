# SPDX-License-Identifier: Apache-2.0
# Front doors; the work is in scripts/ and meson.build.  Without make: run the scripts themselves.
.PHONY: all build install run demo test format lint sanitize fuzz coverage bench soak clean

all: build

build:    ; @scripts/build
install:  ; @meson install -C build
run:      ; @scripts/run
demo:     ; @scripts/setup run && scripts/build && scripts/demo
test:     ; @scripts/test
format:   ; @scripts/format
lint:     ; @scripts/lint
sanitize: ; @scripts/sanitize
fuzz:     ; @scripts/fuzz
coverage: ; @scripts/coverage
bench:    ; @scripts/bench
soak:     ; @scripts/soak
clean:    ; rm -rf build build-*/
