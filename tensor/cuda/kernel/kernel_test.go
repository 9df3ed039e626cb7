package kernel_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/cuda/kernel"
)

const sources = "../../vulkan/kernel/"

// A source that changed without its PTX, or the other way round, has another digest.
func TestCommittedKernelsAreThoseOfTheirSources(t *testing.T) {
	text, err := os.ReadFile("digests.txt")
	require.NoError(t, err)
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		digest, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, ok, line)
		want[name] = digest
	}
	var names []string
	for _, pattern := range []string{sources + "*.comp", sources + "*.glsl", "*.glsl", "*.h", "*.sh", "*.ptx"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		names = append(names, found...)
	}
	require.Len(t, want, len(names))
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		digest := sha256.Sum256(text)
		require.Equal(t, want[name], hex.EncodeToString(digest[:]), "%s changed: run scripts/ptx.sh", name)
	}
}

func TestEverySourceHasItsKernels(t *testing.T) {
	found, err := filepath.Glob(sources + "*.comp")
	require.NoError(t, err)
	require.NotEmpty(t, found)
	var files []string
	for _, source := range found {
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		name, lines := strings.TrimSuffix(filepath.Base(source), ".comp"), strings.Split(string(text), "\n")
		require.Equal(t, kernel.HasDots(name), slices.Contains(lines, `#include "dot.glsl"`), name)
		variants := map[string]kernel.Variant{name: kernel.Plain}
		if kernel.HasDots(name) {
			variants[kernel.Of(name, true, kernel.Plain)] = kernel.Dot
		}
		for _, tensor := range []kernel.Variant{kernel.Tensor75, kernel.Tensor80} {
			file := kernel.Of(name, false, tensor)
			require.Equal(t, slices.Contains(lines, `#include "tile.glsl"`), file != name, name)
			if file != name {
				variants[file] = tensor
			}
		}
		for file, v := range variants {
			code, err := kernel.Code(file)
			require.NoError(t, err)
			require.Contains(t, string(code), fmt.Sprintf(".target sm_%d\n", v.Needs()), file)
			require.Contains(t, string(code), ".visible .entry "+kernel.Entry(file)+"(", file)
			require.Equal(t, v.Tensor(), strings.Contains(string(code), "mma.sync"), file)
			require.Equal(t, v == kernel.Dot, strings.Contains(string(code), "dp4a"), file)
			files = append(files, file+".ptx")
		}
	}
	all, err := filepath.Glob("*.ptx")
	require.NoError(t, err)
	require.ElementsMatch(t, files, all)
	_, err = kernel.Code("none")
	require.ErrorContains(t, err, "expected a kernel")
}

// Bits are equal on all cards because nothing but integers is computed.
func TestKernelsComputeWithIntegersAlone(t *testing.T) {
	all, err := filepath.Glob("*.ptx")
	require.NoError(t, err)
	floats := regexp.MustCompile(`\.(f16|bf16|f32|f64)\b|\bfma\b`)
	require.Regexp(t, floats, "fma.rn.f32 %f1, %f2, %f3, %f4;")
	for _, file := range all {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotRegexp(t, floats, string(text), file)
	}
}
