package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
)

// channel is the channel of transfers on both chains.
const channel = "channel-0"

// holdings are what the parties of a transfer hold at a time, in base units: the sender on the first
// chain, the escrow account there, and the receiver on the second.
type holdings struct {
	Sender  math.Int `json:"sender_atfuel"`
	Escrow  math.Int `json:"escrow_atfuel"`
	Voucher math.Int `json:"receiver_voucher"`
}

type transferReport struct {
	Amount string   `json:"amount"`
	Denom  string   `json:"voucher_denom"`
	Fee    math.Int `json:"fee_of_sender_atfuel"`
	Before holdings `json:"before"`
	There  holdings `json:"there"`
	Back   holdings `json:"back"`
}

// voucherDenom returns the denom of TFUEL of one chain on the other.
func voucherDenom() string {
	return transfertypes.NewDenom(params.BaseDenom, transfertypes.NewHop(transfertypes.PortID, channel)).IBCDenom()
}

// holdings reads them. The sender is the first chain's Alice, the receiver the second chain's Bob.
func (s *show) holdings(ctx context.Context) (h holdings, err error) {
	escrow, err := s.a.run(ctx, "query", "ibc-transfer", "escrow-address", transfertypes.PortID, channel)
	if err != nil {
		return h, err
	}
	if h.Sender, err = s.a.balance(ctx, s.a.network.Address(devnet.Alice), params.BaseDenom); err != nil {
		return h, err
	}
	if h.Escrow, err = s.a.balance(ctx, strings.TrimSpace(string(escrow)), params.BaseDenom); err != nil {
		return h, err
	}
	h.Voucher, err = s.b.balance(ctx, s.b.network.Address(devnet.Bob), voucherDenom())
	return h, err
}

// transfer sends a coin over the channel, and returns the transaction on the chain that it left.
func (c *chain) transfer(ctx context.Context, from, receiver, coin string) (*executed, error) {
	return c.tx(ctx, from, "ibc-transfer", "transfer", transfertypes.PortID, channel, receiver, coin)
}

// awaitHoldings waits until a figure has changed, and returns all of them.
func (s *show) awaitHoldings(ctx context.Context, what string, ready func(holdings) bool) (h holdings, err error) {
	err = s.a.await(ctx, what, func() (bool, error) {
		h, err = s.holdings(ctx)
		return ready(h), err
	})
	return h, err
}

// transfers sends TFUEL out and back.
func (s *show) transfers(ctx context.Context) (err error) {
	r, coin := &s.report.Transfer, params.TfuelCoin(11)
	r.Amount, r.Denom = coin.String(), voucherDenom()
	if r.Before, err = s.holdings(ctx); err != nil {
		return err
	}
	sent, err := s.a.transfer(ctx, devnet.Alice, s.b.network.Address(devnet.Bob), "11tfuel")
	if err != nil {
		return err
	}
	r.Fee = sent.fee()
	if r.There, err = s.awaitHoldings(ctx, "the voucher", func(h holdings) bool { return h.Voucher.IsPositive() }); err != nil {
		return err
	}
	if err := errors.Join(
		expect("sender", r.Before.Sender.Sub(coin.Amount).Sub(r.Fee), r.There.Sender),
		expect("escrow", r.Before.Escrow.Add(coin.Amount), r.There.Escrow),
		expect("voucher", coin.Amount, r.There.Voucher),
	); err != nil {
		return err
	}
	if _, err := s.b.transfer(ctx, devnet.Bob, s.a.network.Address(devnet.Alice), sdk.NewCoin(r.Denom, coin.Amount).String()); err != nil {
		return err
	}
	if r.Back, err = s.awaitHoldings(ctx, "the return", func(h holdings) bool { return h.Sender.GT(r.There.Sender) }); err != nil {
		return err
	}
	if err := errors.Join(
		expect("sender after the return", r.Before.Sender.Sub(r.Fee), r.Back.Sender),
		expect("escrow after the return", r.Before.Escrow, r.Back.Escrow),
		expect("voucher after the return", math.ZeroInt(), r.Back.Voucher),
	); err != nil {
		return err
	}
	fmt.Printf("11 tfuel went from %s to %s as %s, and came back. The sender is short of the fee of one transaction, %s atfuel, and of nothing else.\n",
		idA, idB, r.Denom, r.Fee)
	return nil
}
