package soak

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
)

func TestEveryKindOfJobIsAJobFile(t *testing.T) {
	t.Parallel()
	for _, k := range kinds("/bin", "/examples", strconv.Quote("/spin.wasm"), strconv.Quote("/image.tar")) {
		random := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
		text := k.text(random())
		require.Equal(t, text, k.text(random()), "the seed decides")
		job, err := jobfile.Parse([]byte(text))
		require.NoError(t, err, "%s:\n%s", k.name, text)
		require.Less(t, job.PrepareBlocks, job.CommitBlocks, "the chain refuses other windows")
	}
}
