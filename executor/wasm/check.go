package wasm

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/thetaedge/theta/executor/wasm/internal/meter"
)

// Program describes what is known of a program without running it.
type Program struct {
	// Bytes is the size of the program.
	Bytes int64
	// MemoryBytes is the memory with which the program starts. If a task allows less, it ends
	// before the program's first instruction.
	MemoryBytes uint64
}

// Check says whether the profile accepts the program at path. If it refuses the program, the
// error is of type *Refusal, and every machine would end a task of this program with
// manifest.ReasonInvalidProgram, because the executor uses the same code. Any other error is a
// failure of this machine. Check does not compile or run anything.
func Check(path string) (Program, error) { return CheckExtended(path, nil) }

// CheckExtended does what Check does, for the profile of an extension. The extension may be nil.
func CheckExtended(path string, x Extension) (Program, error) {
	wasm, refusal, err := readProgram(path)
	if err != nil {
		return Program{}, err
	}
	if refusal != nil {
		return Program{}, refusal
	}
	metered, refusal := inspect(wasm, hostFunctions(x), 0)
	if refusal != nil {
		return Program{}, refusal
	}
	return Program{Bytes: int64(len(wasm)), MemoryBytes: uint64(metered.MemoryPages) * PageBytes}, nil
}

// readProgram returns the program's bytes. If the program is larger than the profile allows,
// it returns nil and a refusal.
func readProgram(path string) ([]byte, *Refusal, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open program: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	wasm, err := io.ReadAll(io.LimitReader(file, MaxProgramBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read program: %w", err)
	}
	if len(wasm) > MaxProgramBytes {
		return nil, refuse(TooLarge, "program has %s, at most %d bytes are allowed", sizeOf(file), MaxProgramBytes), nil
	}
	return wasm, nil, nil
}

// sizeOf returns the size of a file that is too large to be read.
func sizeOf(file *os.File) string {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return fmt.Sprintf("%d bytes", info.Size())
	}
	return "more"
}

// These are the first eight bytes of a core module, and of a component.
var (
	magic           = []byte("\x00asm")
	headerModule    = []byte("\x00asm\x01\x00\x00\x00")
	headerComponent = []byte("\x00asm\x0d\x00\x01\x00")
)

// inspect validates and meters a program that may import functions, so that it folds a number
// of traces. It returns a module, or the reason why every machine refuses the program. It does
// not use an engine.
func inspect(wasm []byte, functions map[[2]string]hostFunction, traces int) (meter.Metered, *Refusal) {
	var none meter.Metered
	switch {
	case bytes.HasPrefix(wasm, headerComponent):
		return none, refuse(Component, "program is a component, expected a core module")
	case !bytes.HasPrefix(wasm, magic):
		return none, refuse(NoModule, "expected a wasm module, which begins with %q, found %q", magic, wasm[:min(len(wasm), len(magic))])
	case !bytes.HasPrefix(wasm, headerModule):
		return none, refuse(Invalid, "expected a core module of version 1, found the header %x", wasm[:min(len(wasm), len(headerModule))])
	}
	module, err := meter.Read(wasm)
	if err != nil {
		return none, refusalOf(err)
	}
	if refusal := checkImports(module.Imports(), functions); refusal != nil {
		return none, refusal
	}
	metered, err := module.Rewrite(traces)
	if err != nil {
		return none, refusalOf(err)
	}
	return metered, nil
}

// checkImports refuses a module that imports functions that the profile does not have.
func checkImports(imports []meter.Import, functions map[[2]string]hostFunction) *Refusal {
	for _, imported := range imports {
		f, known := functions[[2]string{imported.Module, imported.Name}]
		if !known {
			return refuse(Imports, "import %.64s.%.64s is not part of the profile", imported.Module, imported.Name)
		}
		if imported.Params != f.params || imported.Results != f.results() {
			return refuse(Imports, "import %s.%s does not have the type of the function", imported.Module, imported.Name)
		}
	}
	return nil
}
