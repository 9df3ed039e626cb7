package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrNotPostable means that the job cannot be posted now; the error says why.
var ErrNotPostable = errors.New("the job cannot be posted now")

// Quote is what a job can cost, before anything is spent.
type Quote struct {
	// Grant is the number of the grant whose deposit pays reserve and posting fee; 0 if the
	// requester pays them.
	Grant uint64
	// Reserve is put into escrow; the unspent part is refunded.
	Reserve sdk.Coin
	// PostingFee is burned for the bytes of the spec.
	PostingFee sdk.Coin
	// Posting is the cost of the transaction; its gas is 0 if there is a problem.
	Posting Cost
	// Liability is the stake of each node.
	Liability sdk.Coin
	// LiveNodes is the number of live nodes of the class; NeededNodes is how many the job
	// needs.
	LiveNodes, NeededNodes uint64
	// JudgingNodes is how many nodes of the class must be live to judge results that
	// differ; 0 if wrong results are not slashed.
	JudgingNodes uint64
	// Guarantee is what will support an accepted result, and FailedPay what each replica then earns
	// for a task whose program does not exit with 0. A chain of an earlier version does not say it.
	Guarantee computetypes.Guarantee
	FailedPay sdk.Coin
	// Fit says how many of them qualify for the job, and what excludes the others.
	Fit computetypes.Fit
	// Balance is the requester's balance in each denom that the job needs.
	Balance sdk.Coins
	// Problems say what is missing; empty if the job can be posted.
	Problems []string
}

// Err is nil if the job can be posted; otherwise it wraps ErrNotPostable.
func (q *Quote) Err() error {
	if len(q.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrNotPostable, strings.Join(q.Problems, "; "))
}

// Most returns the most that the requester can lose: escrow, posting fee and gas, or gas alone if
// a grant pays.
func (q *Quote) Most() sdk.Coins {
	if q.Grant > 0 {
		return sdk.NewCoins(q.Posting.Fee)
	}
	return sdk.NewCoins(q.Reserve).Add(q.PostingFee).Add(q.Posting.Fee)
}

// Quote asks the chain what a spec would cost and whether it could be posted now.
// Nothing is signed.
func (c *Client) Quote(ctx context.Context, signer Signer, spec computetypes.JobSpec) (*Quote, error) {
	answer, err := c.compute.Quote(ctx, computetypes.NewQuoteRequest(&spec))
	if err != nil {
		return nil, fmt.Errorf("quote: %w", plain(err))
	}
	quote := &Quote{
		Grant:       spec.Grant,
		Reserve:     answer.Reserve,
		PostingFee:  answer.PostingFee,
		Posting:     Cost{Fee: sdk.NewInt64Coin(params.BaseDenom, 0)},
		Liability:   answer.Liability,
		LiveNodes:   answer.LiveNodes,
		NeededNodes: answer.NeededNodes,
		Fit:         answer.Fit,

		JudgingNodes: answer.JudgingNodes,
		Guarantee:    answer.Guarantee,
		FailedPay:    answer.FailedPay,
	}
	if problem := nodesProblem(quote, spec); problem != "" {
		quote.Problems = append(quote.Problems, problem)
	}
	if err := c.checkBalance(ctx, signer, quote); err != nil {
		return nil, err
	}
	if len(quote.Problems) > 0 {
		return quote, nil
	}
	msg, err := postMessage(signer, spec)
	if err != nil {
		return nil, err
	}
	quote.Posting, err = c.estimate(ctx, signer, msg)
	if err != nil {
		// A simulation that fails returns the chain's own error.
		quote.Posting = Cost{Fee: sdk.NewInt64Coin(params.BaseDenom, 0)}
		quote.Problems = append(quote.Problems, err.Error())
		return quote, nil
	}
	return quote, c.checkBalance(ctx, signer, quote)
}

// Warning returns what a requester should know about a job that can be posted; "" for
// nothing. In a class too small for half a jury, a wrong result is noticed and cannot be
// judged.
func (q *Quote) Warning(class string) string {
	if q.LiveNodes >= q.JudgingNodes {
		return ""
	}
	return fmt.Sprintf("class %s has %d live nodes, and %d are needed to judge results that differ: with fewer, such a task fails, and a node that lied keeps its bond",
		class, q.LiveNodes, q.JudgingNodes)
}

// Failures returns what a requester should know about tasks that fail; "" if a failure is paid like
// any other result.
func (q *Quote) Failures() string {
	if q.Guarantee == computetypes.GUARANTEE_UNSPECIFIED || q.Guarantee.PaysFailures() {
		return ""
	}
	return fmt.Sprintf("a majority decides, and a wrong result costs no bond; a task whose program does not exit with 0 pays each node only %s, and nodes leave a job whose tasks fail to others for a while",
		money.FormatAmount(q.FailedPay))
}

// nodesProblem says why a job would wait for nodes in vain; "" if it would not. An
// incomplete or missing count proves nothing.
func nodesProblem(quote *Quote, spec computetypes.JobSpec) string {
	fit, named := quote.Fit, spec.Policy.NamesNode()
	switch {
	case quote.LiveNodes < quote.NeededNodes:
		return fmt.Sprintf("only %d live nodes in class %s, and %s needs %d; ask for fewer, choose another class, or wait for nodes",
			quote.LiveNodes, spec.Class, DescribePolicy(spec.Policy), quote.NeededNodes)
	case fit.Visited == 0 || fit.Cut:
		return ""
	case named && fit.Live == 0:
		return fmt.Sprintf("node %s is not live now; wait until it is, or name another one", spec.Policy.Node)
	case named && fit.Fitting == 0:
		return fmt.Sprintf("node %s does not take the job: %s; change that or name another one", spec.Policy.Node, DescribeExclusions(fit))
	case !named && fit.Fitting < quote.NeededNodes:
		return fmt.Sprintf("the job fits %d of %d live nodes in class %s, and %s needs %d: %s; change that, ask for fewer, or wait for nodes",
			fit.Fitting, fit.Live, spec.Class, DescribePolicy(spec.Policy), quote.NeededNodes, DescribeExclusions(fit))
	default:
		return ""
	}
}

// DescribeExclusions says what excludes nodes from a job, such as "3 take at most 2GiB of
// memory, the job asks for 3GiB".
func DescribeExclusions(fit computetypes.Fit) string {
	parts := make([]string, len(fit.Exclusions))
	for i, e := range fit.Exclusions {
		parts[i] = fmt.Sprintf("%d %s", e.Nodes, grpcnode.PlainText(e.Detail))
	}
	if len(parts) == 0 {
		return "nothing excludes the others"
	}
	return strings.Join(parts, "; ")
}

// checkBalance reads the balances that the quote needs and notes what is missing.
func (c *Client) checkBalance(ctx context.Context, signer Signer, quote *Quote) error {
	addr, err := addressText(signer.Address())
	if err != nil {
		return err
	}
	quote.Balance = nil
	for _, need := range quote.Most() {
		answer, err := c.bank.SpendableBalanceByDenom(ctx, &banktypes.QuerySpendableBalanceByDenomRequest{Address: addr, Denom: need.Denom})
		if err != nil {
			return fmt.Errorf("balance of %s: %w", addr, plain(err))
		}
		have := sdk.NewInt64Coin(need.Denom, 0)
		if answer.Balance != nil {
			have = *answer.Balance
		}
		quote.Balance = quote.Balance.Add(have)
		if have.IsLT(need) {
			quote.Problems = append(quote.Problems, fmt.Sprintf(
				"%s has %s and needs %s; send it %s more (testnets have a faucet)",
				addr, money.FormatAmount(have), money.FormatAmount(need), money.FormatAmount(need.Sub(have))))
		}
	}
	return nil
}

func addressText(addr sdk.AccAddress) (string, error) {
	return sdk.Bech32ifyAddressBytes(params.Bech32Prefix, addr)
}

func postMessage(signer Signer, spec computetypes.JobSpec) (*computetypes.MsgPostJob, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	return &computetypes.MsgPostJob{Requester: addr, Spec: spec}, nil
}
