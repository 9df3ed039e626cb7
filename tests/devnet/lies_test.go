package devnet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANodeThatLiesSaysWhichLieItHasTold(t *testing.T) {
	node := Node{home: t.TempDir()}
	lie, err := node.LieAbout("12-0-0", 0, 0)
	require.NoError(t, err)
	require.Empty(t, lie, "an honest node has told none")

	confession := NewConfession(node.home)
	require.NoError(t, confession.Note(Told{Task: "12-0-0-0-0", Lie: LieFlip}))
	require.NoError(t, confession.Note(Told{Task: "13-0-0-0-1", Lie: LieSkip}))
	for _, known := range []struct {
		job   string
		round uint32
		want  Lie
	}{
		{"12-0-0", 0, LieFlip},
		{"13-0-0", 1, LieSkip},
		{"13-0-0", 0, ""},
		{"14-0-0", 0, ""},
	} {
		lie, err := node.LieAbout(known.job, 0, known.round)
		require.NoError(t, err)
		require.Equal(t, known.want, lie, known.job)
	}

	require.NoError(t, os.WriteFile(filepath.Join(node.home, toldFile), []byte("{\n"), 0o600))
	_, err = node.LieAbout("12-0-0", 0, 0)
	require.ErrorContains(t, err, toldFile)
}
