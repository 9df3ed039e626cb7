// Package emulator builds a library of the driver of CUDA whose card is the processor, so that tests execute
// tensor/cuda and the numbers of its kernels on machines without a card. The kernels are those of
// tensor/cuda/kernel, compiled as C++ for the processor; threads of a workgroup take turns, and tensor cores are
// computed element by element as the PTX ISA lays out their operands. It shows neither what the compiler of
// a driver does nor how fast a card is. testdata/emulator.cpp lists the variables that make it fail.
//
// It needs Linux on amd64 or arm64, and g++. It is for tests alone.
package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// name is that of the library.
const name = "libcuda.so.1"

// ErrNotAvailable says that this machine cannot build the library.
var ErrNotAvailable = errors.New("the emulated card is not available")

// Folder returns the folder with libcuda.so.1, which it builds if the sources have changed. A process that has the
// folder in LD_LIBRARY_PATH finds the emulated card.
func Folder() (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("%w: expected linux, found %s", ErrNotAvailable, runtime.GOOS)
	}
	if _, err := exec.LookPath("g++"); err != nil {
		return "", fmt.Errorf("%w: %w; install g++", ErrNotAvailable, err)
	}
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	digest, err := sources(root)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, "build", "emulator", digest)
	if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	// Processes that build at the same time do not disturb each other: the last rename fails, and the first counts.
	made, err := os.MkdirTemp(filepath.Dir(folder), "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(made) }()
	if err := os.Chmod(made, 0o755); err != nil {
		return "", err
	}
	if said, err := exec.Command(filepath.Join(filepath.Dir(file), "testdata", "build.sh"), made).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the emulated card: %w: %s", err, said)
	}
	if err := os.Rename(made, folder); err != nil {
		if _, there := os.Stat(filepath.Join(folder, name)); there != nil {
			return "", err
		}
	}
	return folder, nil
}

// Copy puts a copy of the library into a folder, and returns its path for cuda.LibraryVariable. Variables are those
// that change the card, as in "THETA_EMULATOR_CAPABILITY=75".
func Copy(folder string, variables ...string) (string, error) {
	built, err := Folder()
	if err != nil {
		return "", err
	}
	code, err := os.ReadFile(filepath.Join(built, name))
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, name)
	err = errors.Join(os.WriteFile(path, code, 0o755), os.WriteFile(path+".env", []byte(strings.Join(variables, "\n")+"\n"), 0o644))
	return path, err
}

// sources returns a digest of everything that the library is made of.
func sources(root string) (string, error) {
	var names []string
	for _, pattern := range []string{"tensor/cuda/emulator/testdata/*", "tensor/cuda/kernel/*", "tensor/vulkan/kernel/*.comp", "tensor/vulkan/kernel/*.glsl"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return "", err
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, path := range names {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s %d\n", filepath.Base(path), len(text))
		all.Write(text)
	}
	return hex.EncodeToString(all.Sum(nil)[:8]), nil
}
