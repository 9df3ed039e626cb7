package owner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMachineHasAScreenIfASessionOfItShowsOne(t *testing.T) {
	root, none := t.TempDir(), func(string) string { return "" }
	require.False(t, screenAt(root, none))
	require.True(t, screenAt(root, func(name string) string { return map[string]string{"DISPLAY": ":0"}[name] }))
	require.True(t, screenAt(root, func(name string) string { return map[string]string{"WAYLAND_DISPLAY": "wayland-0"}[name] }))
	for _, socket := range []string{"tmp/.X11-unix/X0", "run/user/1000/wayland-0"} {
		root := t.TempDir()
		path := filepath.Join(root, socket)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.False(t, screenAt(root, none))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.True(t, screenAt(root, none), socket)
	}
}
