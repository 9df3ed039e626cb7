package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

type voucherReport struct {
	Denom    string              `json:"denom"`
	Proposal string              `json:"proposal"`
	Job      string              `json:"job"`
	Status   string              `json:"status"`
	Before   math.Int            `json:"requester_before"`
	After    math.Int            `json:"requester_after"`
	Earned   map[string]math.Int `json:"earned"`
	// Refused is the answer to the same job before the proposal.
	Refused string `json:"refused_before"`
}

// voucher pays a job of the second chain with TFUEL of the first, after a proposal has listed it.
func (s *show) voucher(ctx context.Context) (err error) {
	r := &s.report.Voucher
	r.Denom = voucherDenom()
	bob := s.b.network.Address(devnet.Bob)
	if _, err := s.a.transfer(ctx, devnet.Alice, bob, params.TfuelCoin(50).String()); err != nil {
		return err
	}
	if err := s.b.await(ctx, "50 vouchers", func() (bool, error) {
		r.Before, err = s.b.balance(ctx, bob, r.Denom)
		return err == nil && r.Before.GTE(params.Tfuel(50)), err
	}); err != nil {
		return err
	}
	jobFile, err := s.writeJob("voucher.yaml", sdk.NewCoin(r.Denom, params.Tfuel(1)).String())
	if err != nil {
		return err
	}
	out := filepath.Join(s.dir, "result-of-voucher")
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	post := func() error {
		_, err := s.b.run(ctx, "compute", "run", jobFile, "--relay", s.b.network.Relay(), "--from", devnet.Bob, "--wait", "--out", out, "--yes")
		return err
	}
	if err := post(); err == nil {
		return fmt.Errorf("expected that %s is refused before a proposal lists it, found a job", r.Denom)
	} else if r.Refused = err.Error(); !strings.Contains(r.Refused, "is not accepted") {
		return err
	}
	_, r.Refused, _ = strings.Cut(r.Refused, "\n")
	if r.Proposal, err = s.list(ctx, r.Denom); err != nil {
		return err
	}
	fmt.Printf("Governance of %s has listed %s as pay (proposal %s).\n", idB, r.Denom, r.Proposal)
	if err := post(); err != nil {
		return err
	}
	return s.paid(ctx, r, out, bob)
}

// paid checks that the vouchers went to the nodes.
func (s *show) paid(ctx context.Context, r *voucherReport, out, bob string) error {
	state, err := client.LoadState(out)
	if err != nil {
		return err
	}
	r.Job = state.JobID
	job, receipt, err := s.b.outcome(ctx, r.Job)
	if err != nil {
		return err
	}
	r.Status = job.Status.String()
	if r.After, err = s.b.balance(ctx, bob, r.Denom); err != nil {
		return err
	}
	if r.Earned, err = s.b.earned(ctx, receipt, r.Denom); err != nil {
		return err
	}
	if err := errors.Join(
		expect("status of the job", computetypes.JOB_STATUS_COMPLETED, job.Status),
		expect("vouchers of the requester", r.Before.Sub(params.Tfuel(3)), r.After),
	); err != nil {
		return err
	}
	fmt.Printf("Job %s was paid with 3·10^18 %s, which its three nodes can claim.\n", r.Job, r.Denom)
	return nil
}

// list has governance list a denom of the second chain as pay. A voucher of TFUEL is worth a TFUEL here.
func (s *show) list(ctx context.Context, denom string) (string, error) {
	answer, err := computetypes.NewQueryClient(s.b.network.Conn()).Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return "", err
	}
	limits := answer.Params
	limits.Denoms = append(limits.Denoms, computetypes.PaymentDenom{
		Denom: denom, MinReward: math.NewInt(1_000), BondNumerator: 1, BondDenominator: 1, HaircutBps: 1_000,
	})
	update, err := codec.ProtoMarshalJSON(&computetypes.MsgUpdateParams{Authority: app.Authority(), Params: limits}, nil)
	if err != nil {
		return "", err
	}
	message := map[string]json.RawMessage{"@type": json.RawMessage(strconv.Quote(sdk.MsgTypeURL(&computetypes.MsgUpdateParams{})))}
	if err := json.Unmarshal(update, &message); err != nil {
		return "", err
	}
	proposal, err := json.Marshal(map[string]any{
		"messages": []any{message}, "deposit": params.TfuelCoin(1_000).String(),
		"title": "List TFUEL of the other chain as pay", "summary": "One voucher is bonded like 0.9 TFUEL.",
	})
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.dir, "proposal.json")
	if err := os.WriteFile(file, proposal, 0o600); err != nil {
		return "", err
	}
	return s.decide(ctx, file)
}

// decide submits a proposal, votes for it with the stake of the validator, and waits until it has passed.
func (s *show) decide(ctx context.Context, file string) (string, error) {
	if _, err := s.b.tx(ctx, devnet.Bob, "gov", "submit-proposal", file); err != nil {
		return "", err
	}
	const first = 1
	id := strconv.Itoa(first)
	if _, err := s.b.tx(ctx, devnet.Validator, "gov", "vote", id, "yes"); err != nil {
		return "", err
	}
	var found struct {
		Proposal struct {
			Status string `json:"status"`
			Reason string `json:"failed_reason"`
		} `json:"proposal"`
	}
	err := s.b.await(ctx, "the proposal", func() (bool, error) {
		err := s.b.query(ctx, &found, "gov", "proposal", id)
		return err == nil && found.Proposal.Status != "PROPOSAL_STATUS_VOTING_PERIOD", err
	})
	if err == nil && found.Proposal.Status != "PROPOSAL_STATUS_PASSED" {
		err = fmt.Errorf("expected that proposal %s passes, found %s: %s", id, found.Proposal.Status, found.Proposal.Reason)
	}
	return id, err
}
