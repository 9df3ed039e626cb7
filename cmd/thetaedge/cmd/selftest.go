package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// emptyProgram is a module with a memory and a start function that does nothing.
func emptyProgram() []byte {
	return []byte{
		0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00,
		0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // type 0: () -> ()
		0x03, 0x02, 0x01, 0x00, // function 0 of type 0
		0x05, 0x03, 0x01, 0x00, 0x01, // one page of memory
		0x07, 0x13, 0x02, 0x06, 'm', 'e', 'm', 'o', 'r', 'y', 0x02, 0x00,
		0x06, '_', 's', 't', 'a', 'r', 't', 0x00, 0x00,
		0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b, // its body
	}
}

// selfTest runs a program in an executor, with its files in a folder.
func selfTest(ctx context.Context, engine executor.Executor, folder string) error {
	program := filepath.Join(folder, "program.wasm")
	if err := os.WriteFile(program, emptyProgram(), 0o600); err != nil {
		return err
	}
	const id = "self-test"
	err := engine.Start(ctx, executor.Task{
		ID: id, ProgramPath: program, Fuel: 10_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 10, OutputFiles: 1,
		OutputDir: filepath.Join(folder, "out"), WallLimit: 30 * time.Second,
	})
	if err != nil {
		return err
	}
	result, err := engine.Wait(ctx, id)
	if err != nil {
		return err
	}
	if result.Reason != manifest.ReasonExited || result.ExitCode != 0 {
		return fmt.Errorf("expected the program to exit with 0, found %s with %d (%s)", result.Reason, result.ExitCode, result.Detail)
	}
	return nil
}
