package kernel_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/vulkan/kernel"
)

// digests reads the file that scripts/spirv.sh writes.
func digests(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("digests.txt")
	require.NoError(t, err)
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		digest, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, ok, line)
		found[name] = digest
	}
	return found
}

// A source that changed without its SPIR-V, or the other way round, has another digest.
func TestCommittedKernelsAreThoseOfTheirSources(t *testing.T) {
	want := digests(t)
	var names []string
	for _, pattern := range []string{"*.comp", "*.glsl", "*.spv"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		names = append(names, found...)
	}
	require.Len(t, want, len(names))
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		digest := sha256.Sum256(text)
		require.Equal(t, want[name], hex.EncodeToString(digest[:]), "%s changed: run scripts/spirv.sh", name)
	}
}

// needsWide reports whether SPIR-V declares that it needs integers of 64 bits.
func needsWide(code []uint32) bool {
	const header, capability, int64s = 5, 17, 11
	for at := header; at < len(code) && code[at]>>16 > 0; at += int(code[at] >> 16) {
		if code[at]&0xffff == capability && code[at+1] == int64s {
			return true
		}
	}
	return false
}

func TestEverySourceHasItsKernels(t *testing.T) {
	sources, err := filepath.Glob("*.comp")
	require.NoError(t, err)
	for _, source := range sources {
		name := strings.TrimSuffix(source, ".comp")
		names := []string{name}
		if kernel.HasDots(name) {
			names = append(names, kernel.WithDots(name))
		}
		if kernel.HasMatrices(name) {
			names = append(names, kernel.WithMatrices(name))
		}
		for _, name := range names {
			code, err := kernel.Code(name)
			require.NoError(t, err)
			require.Equal(t, uint32(0x07230203), code[0], "%s is not SPIR-V", name)
			require.Equal(t, kernel.Narrow(name) != name, needsWide(code), name)
			narrow, err := kernel.Code(kernel.Narrow(name))
			require.NoError(t, err)
			require.False(t, needsWide(narrow), "%s needs integers of 64 bits", kernel.Narrow(name))
		}
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		require.Equal(t, kernel.HasDots(name), slices.Contains(lines, `#include "dot.glsl"`), name)
		require.Equal(t, kernel.HasMatrices(name), slices.Contains(lines, `#include "tile.glsl"`), name)
	}
	_, err = kernel.Code("none")
	require.ErrorContains(t, err, "expected a kernel")
}
