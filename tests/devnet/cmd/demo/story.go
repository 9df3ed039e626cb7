package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// story prints what happens for a reader.
type story struct {
	out   io.Writer
	names map[string]string
}

func newStory(out io.Writer, nodes []devnet.Node) *story {
	s := &story{out: out, names: make(map[string]string)}
	for _, node := range nodes {
		s.names[node.Operator] = node.Name
	}
	return s
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *story) opening(nodes []devnet.Node) {
	honest, liars := 0, []string{}
	for _, node := range nodes {
		if node.Lies {
			liars = append(liars, node.Name)
		} else {
			honest++
		}
	}
	s.say("%d strangers' computers have put up bonds. %d are honest; %s alters texts, and runs decoders with one flipped bit in their weights or without their last layer.",
		len(nodes), honest, strings.Join(liars, ", "))
}

func (s *story) begin(n int, k *kind) {
	s.say("Job %d: Alice lets three of them %s (%s).", n, k.asks, k.profile)
}

// told prints the outcome of a job in a line or two.
func (s *story) told(run *devnet.Run, r jobReport, slashes []slashReport) {
	receipt := run.Settlement.Receipt
	if receipt == nil {
		s.say("  It ended %s before any node took part.", r.Status)
		return
	}
	s.say("  Drawn by lot: %s. Each committed to its result before seeing another.", s.drawn(receipt, 0))
	if later := s.drawn(receipt, 1); later != "" {
		s.say("  They disagreed, so the chain also drew %s.", later)
	}
	lies := make(map[string]string)
	for _, slash := range slashes {
		lies[slash.Operator] = slash.Lie
	}
	for _, o := range receipt.Outcomes {
		if o.Slashed.IsPositive() {
			s.say("  %s stood against the others and loses %s of its bond: it %s.", s.name(o.Operator), inTfuel(o.Slashed), cmp.Or(lies[o.Operator], "has not told a lie"))
		}
	}
	s.say("  %s after %.0f s: %d of %d agree, %s paid from escrow, %s back to Alice.",
		r.Status, r.Seconds, r.Agreeing, r.Replicas, money.FormatAmount(run.Settlement.Paid()), money.FormatAmount(run.Settlement.Refund()))
}

// drawn names the nodes of the first round, or of the rounds after it.
func (s *story) drawn(receipt *computetypes.Receipt, from uint32) string {
	var names []string
	for _, o := range receipt.Outcomes {
		if (from == 0) == (o.Round == 0) {
			names = append(names, s.name(o.Operator))
		}
	}
	return strings.Join(names, ", ")
}

func (s *story) text(text string) {
	const width = 150
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > width {
		line = append(line[:width], '…')
	}
	s.say("  Every byte of the text matches the chain's tag: %q", string(line))
}

// table summarises what each node got.
func (s *story) table(nodes []devnet.Node, runs []*devnet.Run) {
	table := tabwriter.NewWriter(s.out, 0, 4, 3, ' ', 0)
	fmt.Fprintln(table, "\nNODE\tVERDICTS\tPAID\tSHARE OF SLASHED BONDS\tSLASHED")
	for _, node := range nodes {
		var verdicts []string
		paid, share, slashed := math.ZeroInt(), math.ZeroInt(), math.ZeroInt()
		for _, run := range runs {
			if run.Settlement.Receipt == nil {
				continue
			}
			for _, o := range run.Settlement.Receipt.Outcomes {
				if o.Operator == node.Operator {
					verdicts = append(verdicts, client.VerdictName(o.Status))
					paid, share, slashed = paid.Add(o.Paid), share.Add(o.Share), slashed.Add(o.Slashed)
				}
			}
		}
		if len(verdicts) == 0 {
			verdicts = []string{"never drawn"}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", node.Name, strings.Join(verdicts, " "), inTfuel(paid), inTfuel(share), inTfuel(slashed))
	}
	_ = table.Flush()
}

func (s *story) name(operator string) string {
	if name, known := s.names[operator]; known {
		return name
	}
	return operator
}

func inTfuel(amount math.Int) string {
	return money.FormatAmount(sdk.Coin{Denom: params.BaseDenom, Amount: amount})
}
