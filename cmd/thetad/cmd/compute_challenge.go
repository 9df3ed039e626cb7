package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sdk "github.com/cosmos/cosmos-sdk/types"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// errNoVerdict means that the judges of a challenge did not agree.
var errNoVerdict = errors.New("the judges did not agree on a verdict")

func computeChallengeCmd() *cobra.Command {
	var (
		wait bool
		out  string
	)
	cmd := changeCmd(&cobra.Command{
		Use:   "challenge JOB [TASK]",
		Short: "Challenge an accepted result: more nodes run the task again and judge it",
		Long: `Challenge an accepted result: more nodes run the task again and judge it.

Any account can challenge a result during its challenge window (challenge_blocks in the
job's policy). The chain draws more judges than there are nodes that agreed on the
result, and none of those nodes. The challenger pays the judges. If the judges agree on
another result, the nodes that agreed on the wrong one lose their stakes: these repay the
challenger, who also gets a share of the rest. If the judges do not agree, a part of the
challenger's deposit is burned.

A task of a chunk is challenged by what its node has delivered for it: name the folder of
the array's results with --out. Without --out, the judges run all tasks of its chunk, and
you pay for all of them: this is the way if the node has delivered nothing. In both cases
the stake of the whole chunk is at risk. If the judges of all tasks find the same results,
they deliver them on request: thetad compute fetch --judges JOB.`,
		Example: "thetad compute challenge 1042-0-0 17 --wait --from alice",
		Args:    cobra.RangeArgs(1, 2),
	}, "the key that pays the judges", change{
		message: func(ctx context.Context, c *requester.Client, signer requester.Signer, args []string) (sdk.Msg, error) {
			_, task, err := parseTask(args)
			if err != nil {
				return nil, err
			}
			prepared, err := c.PrepareChallenge(ctx, signer, args[0], task, out)
			if err != nil {
				return nil, err
			}
			return prepared.Message(), nil
		},
		send: func(ctx context.Context, s *signing, c *requester.Client, args []string) error {
			return challenge(ctx, s, c, args, out, wait)
		},
	})
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the verdict")
	cmd.Flags().StringVar(&out, "out", "", "folder of the array, as thetad compute run created it; without it, all tasks of a chunk are judged")
	return cmd
}

// challenge shows what a challenge costs, asks for confirmation, and has the result judged.
func challenge(ctx context.Context, s *signing, c *requester.Client, args []string, results string, wait bool) error {
	_, task, err := parseTask(args)
	if err != nil {
		return err
	}
	prepared, err := c.PrepareChallenge(ctx, s.signer, args[0], task, results)
	if err != nil {
		return err
	}
	printChallenge(s.out, prepared)
	if err := confirm(ctx, s.out, s.stdin, s.yes, "Challenge the result?"); err != nil {
		return err
	}
	judging, err := c.Challenge(ctx, s.signer, prepared)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Job %s judges the result\n", judging)
	if !wait {
		return nil
	}
	verdict, err := c.AwaitVerdict(ctx, judging, func(p requester.Progress) { fmt.Fprintf(s.out, "  %s\n", p) })
	if err != nil {
		return fmt.Errorf("%w; the judges continue, check with: thetad query compute job %s", goesOn(err), judging)
	}
	if err := printVerdict(s.out, verdict); err != nil {
		return err
	}
	if prepared.Tasks > 1 && verdict.Judged.Verdict == computetypes.CHALLENGE_VERDICT_UPHELD {
		fmt.Fprintf(s.out, "The judges deliver the results of the %d tasks on request: thetad compute fetch --judges %s --out DIR --from KEY\n", prepared.Tasks, judging)
	}
	return nil
}

func printChallenge(out io.Writer, c *requester.Challenge) {
	if c.Judging > 0 {
		fmt.Fprintf(out, "Task %d of job %s is already being challenged; %d jobs judge it\n", c.Task, c.JobID, c.Judging)
	}
	if c.Tasks > 1 {
		fmt.Fprintf(out, "Judges run all %d tasks of the chunk, from %d to %d; to have one task judged, name the folder of its result with --out\n",
			c.Tasks, c.First, c.First+c.Tasks-1)
	}
	fmt.Fprintf(out, "Cost: at most %s = judges %s + posting fee %s + %s for %d gas\n",
		formatCoins(sdk.NewCoins(c.Reserved).Add(c.PostingFee).Add(c.Posting.Fee)), money.FormatAmount(c.Reserved),
		money.FormatAmount(c.PostingFee), money.FormatAmount(c.Posting.Fee), c.Posting.Gas)
}

func printVerdict(out io.Writer, v *requester.Verdict) error {
	switch v.Judged.Verdict {
	case computetypes.CHALLENGE_VERDICT_CONVICTED:
		fmt.Fprintf(out, "Wrong: the judges found another result, and the nodes that agreed on this one are slashed\n"+
			"%s goes to the challenger's earnings and %s to the earnings of the requester who paid for the result; claim them with: thetad tx rewards claim\n",
			money.FormatAmount(v.Judged.Award), money.FormatAmount(v.Judged.Compensation))
	case computetypes.CHALLENGE_VERDICT_UPHELD:
		fmt.Fprintln(out, "Upheld: the judges found the same result")
	case computetypes.CHALLENGE_VERDICT_UNSPECIFIED:
		return fmt.Errorf("job %s: %w; %s was refunded", v.Job.Id, errNoVerdict, money.FormatAmount(v.Refund()))
	}
	fmt.Fprintf(out, "Paid to judges %s, refunded from escrow %s\n", money.FormatAmount(v.Paid()), money.FormatAmount(v.Refund()))
	return nil
}
