package wasm

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/executor/wasm/internal/meter"
)

// Cause is the kind of refusal.
type Cause string

// These are the causes for which every machine refuses a program.
const (
	// TooLarge means that the program has more bytes than MaxProgramBytes.
	TooLarge Cause = "too large"
	// NoModule means that the file is not WebAssembly at all.
	NoModule Cause = "no module"
	// Component means that the file is a component of the component model, as wasip2 tools
	// write it.
	Component Cause = "component"
	// Invalid means that the module is not valid, or not with the features of the profile.
	Invalid Cause = "invalid"
	// Imports means that the module has imports other than those of WASI preview 1.
	Imports Cause = "imports"
	// NoEntry means that the module does not export a function _start that a task could call.
	NoEntry Cause = "no entry"
	// Unsupported means that the module exceeds a limit of the profile or uses a reserved
	// name.
	Unsupported Cause = "unsupported"
)

// Refusal says why the profile refuses a program.
type Refusal struct {
	// Cause is the kind of refusal.
	Cause Cause
	// Detail says what was expected and what was found.
	Detail string
}

func refuse(cause Cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Detail: fmt.Sprintf(format, args...)}
}

// refusalOf returns the refusal for an error of the package meter.
func refusalOf(err error) *Refusal {
	cause := Invalid
	switch {
	case errors.Is(err, meter.ErrImportKind):
		cause = Imports
	case errors.Is(err, meter.ErrNoEntry):
		cause = NoEntry
	case errors.Is(err, meter.ErrUnsupported):
		cause = Unsupported
	}
	return refuse(cause, "%s", err)
}

// Error implements error. It returns Detail, which a task's result also contains.
func (r *Refusal) Error() string { return r.Detail }

// Advice says what a person can do about it.
func (r *Refusal) Advice() string {
	switch r.Cause {
	case TooLarge:
		return "build it smaller, for example with -ldflags='-s -w' (Go), strip = true (Rust) or wasm-opt -Oz --strip-debug, and move data into inputs"
	case NoModule:
		return "compile the program for WASI preview 1: GOOS=wasip1 GOARCH=wasm go build, cargo build --target wasm32-wasip1, or clang of wasi-sdk"
	case Component:
		return "compile it for wasm32-wasip1 instead of wasm32-wasip2, or take the core modules out of it with: wasm-tools component unbundle --module-dir DIR program.wasm"
	case Imports:
		return "it was built for a browser or another host; build it for WASI preview 1: GOOS=wasip1 (not js) for Go, --target wasm32-wasip1 (not wasm32-unknown-unknown) for Rust, clang of wasi-sdk or emcc -sSTANDALONE_WASM for C"
	case NoEntry:
		return "it is a library (a reactor); build an executable with a main function: no -buildmode=c-shared (Go), no cdylib (Rust), no -mexec-model=reactor or --no-entry (C)"
	case Invalid:
		return "the profile takes core modules with the features that docs/profiles/wasm-1.md lists; switch others off in the compiler, such as threads, exceptions, tail calls and relaxed SIMD"
	case Unsupported:
		return "docs/profiles/wasm-1.md lists the limits of the profile"
	default:
		return ""
	}
}
