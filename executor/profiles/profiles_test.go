package profiles_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
)

func TestEachProfileHasAHealthyExecutor(t *testing.T) {
	for _, name := range profiles.Names() {
		require.True(t, profiles.Known(name))
		engine, err := profiles.Open(name, profiles.Config{Slots: 1, Cores: 1})
		require.NoError(t, err)
		require.Equal(t, name, engine.Profile())
		found := engine.Fingerprint(t.Context())
		require.Equal(t, executor.Healthy, found.Health, found.Detail)
		require.NoError(t, engine.Close())
	}
}

func TestEachProfileAcceptsItsOwnImportsAlone(t *testing.T) {
	// A module that imports theta_tensor_1.free, with a memory and an empty start function.
	module := append([]byte("\x00asm\x01\x00\x00\x00\x01\x08\x02\x60\x01\x7f\x00\x60\x00\x00\x02\x17\x01\x0etheta_tensor_1\x04free\x00\x00"),
		"\x03\x02\x01\x01\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x01\x0a\x04\x01\x02\x00\x0b"...)
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, module, 0o600))
	_, err := profiles.Check("tensor/1", path)
	require.NoError(t, err)
	_, err = profiles.Check("wasm/1", path)
	require.ErrorContains(t, err, "import theta_tensor_1.free is not part of the profile")
}

func TestAnUnknownProfileIsNamed(t *testing.T) {
	require.False(t, profiles.Known("wasm/9"))
	_, err := profiles.Open("wasm/9", profiles.Config{Slots: 1})
	require.ErrorContains(t, err, `one of wasm/1, tensor/1, found "wasm/9"`)
	_, err = profiles.Check("", "program.wasm")
	require.ErrorContains(t, err, `found ""`)
}
