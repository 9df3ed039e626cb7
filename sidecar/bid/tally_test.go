package bid

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func leftAt(n int, cause Cause, reason string) Left {
	return Left{Draw: Draw{Ref: computetypes.ChunkRef{JobId: "9-0-0", Task: uint64(n)}}, Cause: cause, Reason: reason}
}

func TestATallyCountsADrawOnceWithItsRuleAndNotItsNumbers(t *testing.T) {
	tally, now := NewTally(), time.Unix(1_700_000_000, 0)
	for block := range 5 {
		at := now.Add(time.Duration(block) * time.Second)
		d := Decision{Claims: []Draw{{Ref: computetypes.ChunkRef{JobId: "9-0-0", Task: 100}}}}
		for n := range 3 {
			d.Left = append(d.Left, leftAt(n, CausePolicy, fmt.Sprintf("asks for %d fuel, more than 100", 1000+n)))
		}
		d.Left = append(d.Left, leftAt(50, CauseDisk, "may take 7 bytes of disk"), leftAt(60, CauseClosing, "it closes"))
		tally.Note(&d, at)
	}
	counts := tally.Counts()
	require.Len(t, counts, 3, "%v", counts)
	require.Equal(t, CausePolicy, counts[0].Cause)
	require.Equal(t, 3, counts[0].Draws)
	require.Equal(t, "asks for 1000 fuel, more than 100", counts[0].Reason)
	require.Equal(t, CauseNone, counts[1].Cause)
	require.Equal(t, 1, counts[1].Draws)
	require.Equal(t, CauseDisk, counts[2].Cause)
}

func TestATallyKeepsTheReasonForWhichTheNodeItselfLeftADraw(t *testing.T) {
	tally, now := NewTally(), time.Unix(1_700_000_000, 0)
	tally.Note(&Decision{Left: []Left{leftAt(1, CausePolicy, "pays too little"), leftAt(2, CauseOutranked, "lower ranks")}}, now)
	tally.Note(&Decision{Left: []Left{leftAt(1, CauseOutranked, "lower ranks"), leftAt(2, CauseOutranked, "lower ranks")}}, now.Add(time.Second))
	counts := tally.Counts()
	require.Len(t, counts, 2)
	require.Equal(t, 1, counts[0].Draws)
	require.Equal(t, 1, counts[1].Draws)
}

func TestATallyForgetsAfterAnHourAndIsBounded(t *testing.T) {
	tally, now := NewTally(), time.Unix(1_700_000_000, 0)
	d := Decision{}
	for n := range maxTallied + 10 {
		d.Left = append(d.Left, leftAt(n, CauseSlots, "no slot is free"))
	}
	tally.Note(&d, now)
	require.Equal(t, maxTallied, tally.Counts()[0].Draws)
	tally.Note(&Decision{}, now.Add(tallySpan+time.Second))
	require.Empty(t, tally.Counts())
}
