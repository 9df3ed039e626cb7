package kernel

import (
	"embed"
	"encoding/binary"
	"fmt"
)

//go:embed *.spv
var compiled embed.FS

// Marks of variants of a kernel.
const (
	dotSuffix    = ".dot"
	matrixSuffix = ".matrix"
	narrowSuffix = ".narrow"
)

// HasDots reports whether a kernel has a variant with instructions for sums of four products of eight
// bits.
func HasDots(name string) bool {
	switch name {
	case "gemm", "gemv", "gemmeach", "conv", "conveach", "scores":
		return true
	}
	return false
}

// WithDots returns the name of that variant.
func WithDots(name string) string { return name + dotSuffix }

// HasMatrices reports whether a kernel has a variant with cooperative matrices.
func HasMatrices(name string) bool { return name == "gemm" || name == "conv" }

// WithMatrices returns the name of that variant. Its constants 0 to 4 are the rows, columns and depth of a
// matrix, and the matrices that a subgroup multiplies, down and across. They have to divide the 64 rows,
// columns and bytes that a workgroup multiplies at once.
func WithMatrices(name string) string { return name + matrixSuffix }

// Narrow returns the name of the kernel for devices without integers of 64 bits: a variant that computes
// with pairs of words instead, or the kernel itself if it has no such integers.
func Narrow(name string) string {
	if _, err := compiled.Open(name + narrowSuffix + ".spv"); err != nil {
		return name
	}
	return name + narrowSuffix
}

// Code returns the SPIR-V of a kernel in words.
func Code(name string) ([]uint32, error) {
	bytes, err := compiled.ReadFile(name + ".spv")
	if err != nil {
		return nil, fmt.Errorf("expected a kernel, found %q: %w", name, err)
	}
	code := make([]uint32, len(bytes)/4)
	for i := range code {
		code[i] = binary.LittleEndian.Uint32(bytes[4*i:])
	}
	return code, nil
}
