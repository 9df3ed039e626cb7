package kernel

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.ptx
var compiled embed.FS

// Variant names the instructions that a kernel uses for sums of products of eight bits. Each needs a compute
// capability, and every card with a larger one has it as well.
type Variant string

// Variants.
const (
	Plain Variant = ""
	// Dot has sums of four products (dp4a), from 6.1 on.
	Dot Variant = "dot"
	// Tensor75 and Tensor80 have products of matrices of 8 x 8 x 16 and of 16 x 8 x 32 (mma.sync), from 7.5 and
	// 8.0 on.
	Tensor75 Variant = "mma75"
	Tensor80 Variant = "mma80"
)

// Needs returns the compute capability that a variant needs: ten times the major number plus the minor one.
func (v Variant) Needs() int {
	switch v {
	case Dot:
		return 61
	case Tensor75:
		return 75
	case Tensor80:
		return 80
	case Plain:
	}
	return 50
}

// Tensor reports whether a variant uses tensor cores.
func (v Variant) Tensor() bool { return v == Tensor75 || v == Tensor80 }

// Of returns the name of the file of a kernel in the best of the variants that it has: the tensor cores, then
// dp4a if that is allowed. Pass Plain for tensor cores that are not to be used.
func Of(name string, dots bool, tensor Variant) string {
	if tensor.Tensor() && (name == "gemm" || name == "conv") {
		return name + "." + string(tensor)
	}
	if dots && HasDots(name) {
		return name + "." + string(Dot)
	}
	return name
}

// HasDots reports whether a kernel has a variant with dp4a.
func HasDots(name string) bool {
	switch name {
	case "gemm", "gemv", "gemmeach", "conv", "conveach", "scores":
		return true
	}
	return false
}

// Entry returns the name of the function in the file of a kernel.
func Entry(file string) string { return "theta_" + strings.ReplaceAll(file, ".", "_") }

// Code returns the PTX of a kernel by the name of its file, as text of C.
func Code(file string) ([]byte, error) {
	text, err := compiled.ReadFile(file + ".ptx")
	if err != nil {
		return nil, fmt.Errorf("expected a kernel, found %q: %w", file, err)
	}
	return append(text, 0), nil
}
