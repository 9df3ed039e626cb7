package cmd

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestPreviewShowsTextAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct{ content, shown string }{
		"text":              {"one\ntwo\n", "  | one\n  | two"},
		"cut in a letter":   {strings.Repeat("é", previewBytes), "  | " + strings.Repeat("é", previewWidth) + "…"},
		"many lines":        {strings.Repeat("x\n", 20), strings.Repeat("  | x\n", previewLines) + "  | …"},
		"binary":            {"\x89PNG\r\n\x1a\n\x00\x00", ""},
		"terminal commands": {"\x1b[2Jgone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			shown, err := preview(path)
			require.NoError(t, err)
			require.Equal(t, c.shown, shown)
		})
	}
}

func TestNumbersOfBlocksAreShownWithTheirTime(t *testing.T) {
	for blocks, want := range map[uint64]string{0: "0 blocks (0s)", 40: "40 blocks (1m0s)", 3: "3 blocks (5s)", math.MaxUint64: "18446744073709551615 blocks (2562047h47m"} {
		require.Contains(t, formatBlocks(blocks), want)
	}
}

func TestAPlanIsComparedWithTheJobsEnd(t *testing.T) {
	var out bytes.Buffer
	p := &runPrinter{out: &out}
	job := &computetypes.Job{PostedHeight: 10, ClosedHeight: 50}
	p.compared(&requester.State{}, params.TfuelCoin(2), job)
	require.Empty(t, out.String(), "a state of an earlier version")
	p.compared(&requester.State{PlannedCost: "3000000000000000000atfuel", PlannedBlocks: 80}, params.TfuelCoin(2), job)
	require.Equal(t, "Expected before it was posted: 3 tfuel and 80 blocks (2m0s); it came to 2 tfuel and 40 blocks (1m0s)\n", out.String())
}

func TestExitCodesAreSummedUp(t *testing.T) {
	require.Empty(t, describeCodes(nil))
	require.Equal(t, ": exit code -1 in 2, 0 in 5, 3 in 1", describeCodes(map[int32]int{3: 1, 0: 5, -1: 2}))
	require.Equal(t, ": exit code 1 in 1, 2 in 1, 3 in 1, 4 in 1, 5 in 1, and others", describeCodes(map[int32]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}))
}
