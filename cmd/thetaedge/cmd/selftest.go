package cmd

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
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

// tensorProgram is a module that fills a tensor of 16 elements of type s32 with sevens, reads
// them, and traps if the first one is not seven.
func tensorProgram() []byte {
	const shape, data = 4, 0 // the type s32, and where the records are
	section := func(id byte, parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
	}
	text := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	imported := func(name string, kind byte) []byte {
		return bytes.Join([][]byte{text(tensors.Module), text(name), {0, kind}}, nil)
	}
	records := tensor.Encode(&tensor.Fill{Out: tensor.Operand{Tensor: 1}, Count: 16, Value: 7})
	code := []byte{
		0x41, shape, 0x42, 16, 0x10, 0, 0x1a, // drop(alloc(s32, 16)): the first handle is 1
		0x41, data, 0x41, 1, 0x10, 1, // submit one record
		0x41, 1, 0x42, 0, 0x41, 0x80, 0x02, 0x41, 0xc0, 0x00, 0x10, 2, // read all 64 bytes to 256
		0x41, 0x80, 0x02, 0x28, 0x02, 0x00, 0x41, 7, 0x47, // the element at 256 differs from 7
		0x04, 0x40, 0x00, 0x0b, // if so, unreachable
		0x0b,
	}
	body := append([]byte{0}, code...)
	return bytes.Join([][]byte{
		[]byte("\x00asm\x01\x00\x00\x00"),
		section(1, []byte{4, 0x60, 2, 0x7f, 0x7e, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 4, 0x7f, 0x7e, 0x7f, 0x7f, 0, 0x60, 0, 0}),
		section(2, []byte{3}, imported("alloc", 0), imported("submit", 1), imported("read", 2)),
		section(3, []byte{1, 3}),
		section(5, []byte{1, 0, 1}),
		section(7, []byte{2}, text("memory"), []byte{2, 0}, text("_start"), []byte{0, 3}),
		section(10, []byte{1}, binary.AppendUvarint(nil, uint64(len(body))), body),
		section(11, []byte{1, 0, 0x41, data, 0x0b}, binary.AppendUvarint(nil, uint64(len(records))), records),
	}, nil)
}

// selfTest runs a program of its profile in an executor, with its files in a folder.
func selfTest(ctx context.Context, engine executor.Executor, folder string) error {
	program, deviceBytes := emptyProgram(), uint64(0)
	if engine.Profile() == tensors.Profile {
		program, deviceBytes = tensorProgram(), 1<<20
	}
	path := filepath.Join(folder, "program.wasm")
	if err := os.WriteFile(path, program, 0o600); err != nil {
		return err
	}
	const id = "self-test"
	err := engine.Start(ctx, executor.Task{
		ID: id, ProgramPath: path, Fuel: 10_000_000, MemoryBytes: 1 << 20, DeviceBytes: deviceBytes, OutputBytes: 1 << 10, OutputFiles: 1,
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
