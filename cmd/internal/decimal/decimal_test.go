package decimal_test

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/cmd/internal/decimal"
)

func TestFlagsOfWholeNumbersRefuseLeadingZeros(t *testing.T) {
	run := func(args ...string) (uint32, int64, error) {
		var slots uint32
		root := &cobra.Command{Use: "root", SilenceErrors: true, SilenceUsage: true}
		root.PersistentFlags().Int64("height", 0, "")
		child := &cobra.Command{Use: "child", RunE: func(*cobra.Command, []string) error { return nil }}
		child.Flags().Uint32Var(&slots, "slots", 0, "")
		child.Flags().String("note", "", "")
		root.AddCommand(child)
		decimal.Flags(root)
		decimal.Flags(root) // twice is as good as once
		root.SetArgs(append([]string{"child"}, args...))
		err := root.Execute()
		height, readErr := child.Flags().GetInt64("height")
		require.NoError(t, readErr)
		return slots, height, err
	}
	slots, height, err := run("--slots", "10", "--height=20", "--note", "007")
	require.NoError(t, err)
	require.EqualValues(t, 10, slots)
	require.EqualValues(t, 20, height)
	_, _, err = run("--slots", "0")
	require.NoError(t, err)
	for _, wrong := range [][]string{{"--slots", "010"}, {"--slots=00"}, {"--height", "-010"}, {"--height", "0_7"}} {
		_, _, err := run(wrong...)
		require.ErrorContains(t, err, "without leading zeros", "%v", wrong)
	}
}

func TestArgumentsThatAreNumbersRefuseLeadingZeros(t *testing.T) {
	for _, fine := range []string{"0", "10", "0.5tfuel", "100atfuel", "theta1abc", "0x10", "12-0-0", "job.yaml", ""} {
		require.NoError(t, decimal.Args([]string{fine}, true), fine)
	}
	for _, wrong := range []string{"010", "00", "010atfuel", "0100.5tfuel", "+07", "0_1"} {
		require.ErrorContains(t, decimal.Args([]string{wrong}, true), "without leading zeros", wrong)
	}
	hash := "05ABCDEF"
	require.NoError(t, decimal.Args([]string{hash}, false), "a hash may begin like an amount")
}
