package device

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// openCard writes what the kernel shows of a process that has a card open twice, as one client.
func openCard(t *testing.T, root string, pid, client int, gfx, video uint64) {
	t.Helper()
	dir := filepath.Join(root, "proc", fmt.Sprint(pid))
	text := fmt.Sprintf("pos:\t0\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t%d\ndrm-engine-capacity-gfx:\t1\ndrm-engine-gfx:\t%d ns\ndrm-engine-dec:\t%d ns\ndrm-memory-vram:\t9 KiB\n", client, gfx, video)
	for _, folder := range []string{"fd", "fdinfo"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
	}
	for _, fd := range []string{"3", "4"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "fdinfo", fd), []byte(text), 0o600))
		if err := os.Symlink("/dev/dri/renderD128", filepath.Join(dir, "fd", fd)); err != nil {
			require.ErrorIs(t, err, os.ErrExist)
		}
	}
}

// TestTheUseOfACardIsThatOfTheBusiestEngineByOthers reads what drivers of the kernel say.
func TestTheUseOfACardIsThatOfTheBusiestEngineByOthers(t *testing.T) {
	root := t.TempDir()
	now := time.Unix(1000, 0)
	own := map[int]bool{5: true, 6: true}
	drm := NewDRM(root)
	drm.use.now = func() time.Time { return now }
	read := func() float64 {
		t.Helper()
		got, err := drm.Use(own)
		require.NoError(t, err)
		return got
	}
	_, err := drm.Use(own)
	require.ErrorContains(t, err, "no graphics card")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "sys/class/drm/renderD128"), 0o700))
	openCard(t, root, 6, 1, 0, 0)
	openCard(t, root, 7, 2, 0, 0)
	openCard(t, root, 8, 3, 0, 0)
	_, err = drm.Use(own)
	require.ErrorIs(t, err, ErrTooEarly)
	now = now.Add(time.Second)
	require.Zero(t, read())
	openCard(t, root, 6, 1, 9e8, 0) // ours
	openCard(t, root, 7, 2, 3e8, 1e8)
	openCard(t, root, 8, 3, 2e8, 0)
	now = now.Add(time.Second)
	require.InDelta(t, 50, read(), 0.01)
	now = now.Add(UseSpan / 2)
	require.InDelta(t, 50, read(), 0.01, "a moment later, the mean stands")
	openCard(t, root, 7, 2, 1, 1) // a counter that went back counts nothing
	now = now.Add(time.Second)
	require.Zero(t, read())
	now = now.Add(2 * longestUse)
	_, err = drm.Use(own)
	require.ErrorIs(t, err, ErrTooEarly, "after a long pause, a mean says nothing about now")
}

// TestAnyTextOfAProcessGivesAUseThatCanBeTrue writes random texts where the kernel says how a process
// uses a card.
func TestAnyTextOfAProcessGivesAUseThatCanBeTrue(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "sys/class/drm/renderD128"), 0o700))
	openCard(t, root, 7, 2, 0, 0)
	now := time.Unix(1000, 0)
	drm := NewDRM(root)
	drm.use.now = func() time.Time { return now }
	_, err := drm.Use(nil)
	require.ErrorIs(t, err, ErrTooEarly)
	line := rapid.StringMatching(`(drm-(engine-gfx|engine-dec|engine-capacity-gfx|client-id|pdev):)?\t?[-+]?[0-9]{0,21}( ns| KiB)?`)
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.OneOf(line, rapid.String()), 0, 6).Draw(rt, "lines")
		require.NoError(rt, os.WriteFile(filepath.Join(root, "proc/7/fdinfo/3"), []byte(strings.Join(lines, "\n")), 0o600))
		now = now.Add(time.Second)
		got, err := drm.Use(nil)
		require.NoError(rt, err)
		require.GreaterOrEqual(rt, got, 0.0)
		require.LessOrEqual(rt, got, 100.0)
	})
}
