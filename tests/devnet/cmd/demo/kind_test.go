package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/tests/devnet"
)

func TestJobsOfAKindRepeatUntilAllOfItWasSeen(t *testing.T) {
	kinds := kindsOf("textgen.yaml", "answer.yaml")
	first, last := kinds[0], kinds[1]
	require.Same(t, first, next(kinds))
	first.shown = true
	require.Same(t, first, next(kinds), "the liar was not drawn yet")
	first.caught[devnet.LieText] = true
	require.Same(t, last, next(kinds))
	last.caught[devnet.LieFlip] = true
	last.shown = true
	require.False(t, last.seen(), "the other lie was not told yet")
	last.caught[devnet.LieSkip] = true
	require.True(t, last.seen())
	last.shown = false
	require.Same(t, last, next(kinds), "its text was not accepted yet")
	last.shown = true
	require.Same(t, last, next(kinds), "a job of honest nodes may still be missing")
}

func TestEachKindHasAJobFileOfItsProfile(t *testing.T) {
	examples := filepath.Join("..", "..", "..", "..", "examples")
	for _, k := range kindsOf(filepath.Join(examples, "textgen", "job.yaml"), filepath.Join(examples, "llm", "job.yaml")) {
		job, err := jobfile.Load(k.jobFile)
		require.NoError(t, err)
		require.Equal(t, k.profile, job.Executor)
		require.EqualValues(t, 3, job.Policy.Quorum)
	}
}

func TestTheTextOfBothExamplesIsFound(t *testing.T) {
	dir := t.TempDir()
	kinds := kindsOf("", "")
	for _, k := range kinds {
		_, err := k.text(dir)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text.txt"), []byte("It is"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "answer.json"), []byte(`{"text":"a truth","tokens":[1]}`), 0o600))
	for i, want := range []string{"It is", "a truth"} {
		text, err := kinds[i].text(dir)
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "answer.json"), []byte(`{`), 0o600))
	_, err := kinds[1].text(dir)
	require.ErrorContains(t, err, "answer.json")
}

func TestABriefDemoIsOneJobOfTensorsWithoutLies(t *testing.T) {
	kinds := briefly(kindsOf("textgen.yaml", "answer.yaml"))
	require.Len(t, kinds, 1)
	require.Equal(t, "answer.yaml", kinds[0].jobFile)
	require.False(t, kinds[0].seen())
	kinds[0].shown = true
	require.True(t, kinds[0].seen(), "no lie is waited for")
}
