package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govmodule "github.com/cosmos/cosmos-sdk/x/gov/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

const (
	// votingPeriod is shorter than the jobs after the first one take together.
	votingPeriod, expeditedVotingPeriod = "30s", "15s"
	// votePatience is the longest time for which the demo waits for the end of the voting.
	votePatience = 2 * time.Minute
	// proposalDeposit is the deposit of a new chain, in whole tfuel.
	proposalDeposit = 1_000
)

// governance is what an operator does with its first earnings: it delegates them, and votes with them
// and with its bond on a proposal of Alice.
type governance struct {
	operator  string
	validator string
	// delegated and bond are what votes for the operator, in atfuel.
	delegated, bond math.Int
	proposal        uint64
	// draws is the value of the parameter max_draws that Alice proposes.
	draws uint32
}

// governanceReport is the outcome of the vote. Amounts are in atfuel: the votes of validators and
// delegators, the votes of bonds, and those of the operator that the demo follows. Applied reports
// whether the chain now has the value that the proposal names.
type governanceReport struct {
	Proposal uint64      `json:"proposal"`
	Tally    tallyReport `json:"tally"`
	Applied  bool        `json:"applied"`
}

type tallyReport struct {
	Stakers    string `json:"stakers"`
	Bonds      string `json:"bonds"`
	Operator   string `json:"operator"`
	Delegation string `json:"delegation"`
	Bond       string `json:"bond"`
	Verdict    string `json:"verdict"`
}

// supplyReport is the chain's account of its supply, in atfuel.
type supplyReport struct {
	Minted    string `json:"minted"`
	Burned    string `json:"burned"`
	Conserved bool   `json:"conserved"`
}

// paidOperator returns the operator of a node that a job has paid, or "".
func paidOperator(run *devnet.Run) string {
	if run.Settlement.Receipt == nil {
		return ""
	}
	for _, o := range run.Settlement.Receipt.Outcomes {
		if o.Paid.IsPositive() {
			return o.Operator
		}
	}
	return ""
}

// govern lets an operator that has been paid delegate its earnings, lets Alice make a proposal, and
// lets the operator and the validator vote on it.
func (d *demo) govern(ctx context.Context, operator string) error {
	c, err := d.network.Client(ctx)
	if err != nil {
		return err
	}
	g := &governance{operator: operator}
	if err := d.delegate(ctx, c, g); err != nil {
		return fmt.Errorf("delegate: %w", err)
	}
	if err := d.propose(ctx, c, g); err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	for _, name := range []string{d.node(operator).Name, devnet.ValidatorKey} {
		signer, err := d.network.Signer(name)
		if err != nil {
			return err
		}
		if _, err := c.Execute(ctx, signer, govtypes.NewMsgVote(signer.Address(), g.proposal, govtypes.OptionYes, "")); err != nil {
			return fmt.Errorf("vote of %s: %w", name, err)
		}
	}
	// Once the voting has ended, the chain keeps the sums only.
	bond, err := tallytypes.NewQueryClient(d.network.Conn()).BondVote(ctx, &tallytypes.QueryBondVoteRequest{
		ProposalId: g.proposal, Operator: operator,
	})
	if err != nil {
		return err
	}
	g.bond, d.governance = bond.Counts, g
	d.story.say("%s delegates its earnings of %s to the validator. Alice proposes %d draws per round; %s votes for it with its delegation and its bond.",
		d.story.name(operator), inTfuel(g.delegated), g.draws, d.story.name(operator))
	return nil
}

func (d *demo) delegate(ctx context.Context, c *client.Client, g *governance) error {
	validators, err := stakingtypes.NewQueryClient(d.network.Conn()).Validators(ctx, &stakingtypes.QueryValidatorsRequest{})
	if err != nil {
		return err
	}
	if len(validators.Validators) != 1 {
		return fmt.Errorf("expected the devnet's validator, found %d", len(validators.Validators))
	}
	g.validator = validators.Validators[0].OperatorAddress
	signer, err := d.network.Signer(d.node(g.operator).Name)
	if err != nil {
		return err
	}
	// The shares of its rewards come a few blocks after the verdict.
	err = d.network.Await(ctx, votePatience, "the earnings", func() (bool, error) {
		earned, err := rewardstypes.NewQueryClient(d.network.Conn()).Earnings(ctx, &rewardstypes.QueryEarningsRequest{Operator: g.operator})
		return err == nil && earned.Amount.AmountOf(params.BaseDenom).IsPositive(), err
	})
	if err != nil {
		return err
	}
	if _, err := c.Execute(ctx, signer, &rewardstypes.MsgClaimAndDelegate{Operator: g.operator, Validator: g.validator}); err != nil {
		return err
	}
	held, err := stakingtypes.NewQueryClient(d.network.Conn()).Delegation(ctx, &stakingtypes.QueryDelegationRequest{
		DelegatorAddr: g.operator, ValidatorAddr: g.validator,
	})
	if err != nil {
		return err
	}
	g.delegated = held.DelegationResponse.Balance.Amount
	return nil
}

// propose makes Alice's proposal, with the whole deposit, so that the voting begins at once.
func (d *demo) propose(ctx context.Context, c *client.Client, g *governance) error {
	now, err := computetypes.NewQueryClient(d.network.Conn()).Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return err
	}
	now.Params.MaxDraws++
	g.draws = now.Params.MaxDraws
	alice, err := d.network.Signer(devnet.Alice)
	if err != nil {
		return err
	}
	proposal, err := govtypes.NewMsgSubmitProposal(
		[]sdk.Msg{&computetypes.MsgUpdateParams{
			Authority: authtypes.NewModuleAddress(govmodule.ModuleName).String(), Params: now.Params,
		}},
		sdk.NewCoins(params.TfuelCoin(proposalDeposit)), alice.Address().String(), "",
		"One more draw", "A round that finds too few nodes draws once more.", false)
	if err != nil {
		return err
	}
	if _, err := c.Execute(ctx, alice, proposal); err != nil {
		return err
	}
	proposals, err := govtypes.NewQueryClient(d.network.Conn()).Proposals(ctx, &govtypes.QueryProposalsRequest{Depositor: alice.Address().String()})
	if err != nil {
		return err
	}
	if len(proposals.Proposals) != 1 {
		return fmt.Errorf("expected one proposal of Alice, found %d", len(proposals.Proposals))
	}
	g.proposal = proposals.Proposals[0].Id
	return nil
}

// decide waits for the end of the voting, and reports what it has changed.
func (d *demo) decide(ctx context.Context) error {
	g := d.governance
	if g == nil {
		return errors.New("expected a job that pays a node, so that its operator can vote, found none")
	}
	tallies := tallytypes.NewQueryClient(d.network.Conn())
	var counted *tallytypes.QueryTallyResponse
	err := d.network.Await(ctx, votePatience, "the end of the voting", func() (ended bool, err error) {
		counted, err = tallies.Tally(ctx, &tallytypes.QueryTallyRequest{ProposalId: g.proposal})
		return err == nil && counted.Ended, err
	})
	if err != nil {
		return err
	}
	after, err := computetypes.NewQueryClient(d.network.Conn()).Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return err
	}
	tally := counted.Tally
	d.report.Governance = governanceReport{
		Proposal: g.proposal,
		Tally: tallyReport{
			Stakers: whole(tally.Stakers.Votes.Yes), Bonds: whole(tally.Operators.Yes),
			Operator: g.operator, Delegation: g.delegated.String(), Bond: g.bond.String(),
			Verdict: strings.ToLower(strings.TrimPrefix(tally.Verdict.String(), "VERDICT_")),
		},
		Applied: after.Params.MaxDraws == g.draws,
	}
	r := d.report.Governance
	if !r.Applied || tally.Operators.Yes.IsZero() || !g.bond.IsPositive() || !g.delegated.IsPositive() {
		return fmt.Errorf("expected a proposal that passes with the votes of a delegation and a bond, found %+v", r)
	}
	d.story.say("\nThe proposal passed with %s of validators and delegators and %s of bonds. The chain now draws up to %d times.",
		inTfuel(tally.Stakers.Votes.Yes.TruncateInt()), inTfuel(tally.Operators.Yes.TruncateInt()), g.draws)
	return nil
}

func whole(amount math.LegacyDec) string { return amount.TruncateInt().String() }

// account reports what was minted and burned.
func (d *demo) account(ctx context.Context) error {
	ledger, err := rewardstypes.NewQueryClient(d.network.Conn()).SupplyLedger(ctx, &rewardstypes.QuerySupplyLedgerRequest{})
	if err != nil {
		return err
	}
	sum := func(flows []rewardstypes.SupplyFlow) math.Int {
		total := math.ZeroInt()
		for _, flow := range flows {
			total = total.Add(flow.Amount)
		}
		return total
	}
	minted, burned := sum(ledger.Flows.Minted), sum(ledger.Flows.Burned)
	d.report.Supply = supplyReport{Minted: minted.String(), Burned: burned.String(), Conserved: ledger.Conserved}
	if !ledger.Conserved {
		return fmt.Errorf("expected the supply at genesis plus what was minted less what was burned, found %s%s", ledger.Supply, ledger.Denom)
	}
	d.story.say("Since genesis the chain has minted %s and burned %s; the supply accounts for both.", inTfuel(minted), inTfuel(burned))
	return nil
}
