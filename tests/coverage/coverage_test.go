package coverage

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const profile = `mode: set
github.com/thetaedge/theta/x/compute/keeper/post.go:10.2,12.3 3 1
github.com/thetaedge/theta/x/compute/keeper/post.go:10.2,12.3 3 0
github.com/thetaedge/theta/x/compute/keeper/post.go:14.2,15.3 1 0
github.com/thetaedge/theta/client/pack.go:1.1,9.2 4 0
github.com/thetaedge/theta/x/compute/types/tx.pb.go:1.1,9.2 1000 0
github.com/thetaedge/theta/x/compute/types/query.pb.gw.go:1.1,9.2 1000 0
github.com/thetaedge/theta/x/compute/simulation/post.go:1.1,9.2 1000 0
github.com/thetaedge/theta/tests/devnet/edge.go:1.1,9.2 1000 0
github.com/thetaedge/theta/testutil/sim/sim.go:1.1,9.2 1000 0
`

func TestStatementsWrittenByHandCountOnce(t *testing.T) {
	report, err := Read(strings.NewReader(profile))
	require.NoError(t, err)
	require.Equal(t, Count{Statements: 8, Run: 3}, report.Total)
	require.Equal(t, map[string]*Count{"x": {Statements: 4, Run: 3}, "client": {Statements: 4}}, report.Houses)
	require.InDelta(t, 37.5, report.Total.Percent(), 1e-9)
}

func TestAProfileOfSomethingElseIsNoProfile(t *testing.T) {
	for text, says := range map[string]string{
		"":            "found no statement",
		"mode: set\n": "found no statement",
		"mode: set\nok  github.com/thetaedge/theta/client 1s\n": "line 2: expected FILE:SPAN",
	} {
		_, err := Read(strings.NewReader(text))
		require.ErrorContains(t, err, says)
	}
}

// The floor fails a change that tests too little, and asks for more where there is more.
func TestTheFloorHolds(t *testing.T) {
	total := Count{Statements: 1000, Run: 700}
	_, err := Check(total, 70.1)
	require.ErrorIs(t, err, ErrBelow)
	require.ErrorContains(t, err, "expected at least 70.1%, found 70.0% of 1000")
	for floor, want := range map[float64]string{70: "", 69: "", 68.9: "raise the floor in tests/coverage/floor.txt from 68.9 to 69.5"} {
		advice, err := Check(total, floor)
		require.NoError(t, err)
		require.Equal(t, want, advice)
	}
	for _, text := range []string{"", "many", "-1", "101"} {
		_, err := parseFloor(text)
		require.ErrorContains(t, err, "floor.txt: expected a number")
	}
	_, err = Floor()
	require.NoError(t, err)
}

func TestTheFloorOnlyRises(t *testing.T) {
	require.ErrorContains(t, rises("-71.0\n+70.5\n", 70), "was 70.5 before")
	require.NoError(t, rises("-71.0\n+70.5\n+++ b/floor.txt\n", 70.5))
	floor, err := Floor()
	require.NoError(t, err)
	history, err := exec.CommandContext(t.Context(), "git", "log", "--format=", "--patch", "--", "floor.txt").Output()
	if err != nil {
		t.Skipf("git: %v", err) // a copy without its history
	}
	require.NoError(t, rises(string(history), floor))
}

// rises reports an earlier floor that was higher.
func rises(history string, floor float64) error {
	for _, added := range regexp.MustCompile(`(?m)^\+([0-9.]+)$`).FindAllStringSubmatch(history, -1) {
		before, err := parseFloor(added[1])
		if err != nil {
			return err
		}
		if before > floor {
			return fmt.Errorf("expected a floor that only rises, found %.1f, and it was %.1f before", floor, before)
		}
	}
	return nil
}
