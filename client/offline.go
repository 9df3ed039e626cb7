package client

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
)

// errOffline means that no node is asked.
var errOffline = errors.New("offline: no node of the chain is asked")

// unconnected is a connection that leads nowhere.
type unconnected struct{ grpc.ClientConnInterface }

// Invoke returns an error.
func (unconnected) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errOffline
}

// NewOffline returns a client that makes transactions for a chain without asking a node.
func NewOffline(chainID string) (*Client, error) {
	if chainID == "" {
		return nil, errors.New("expected the chain in --chain-id, found none")
	}
	return newClient(chainID, unconnected{}), nil
}

// Estimate returns what executing messages in one transaction would cost. Nothing is
// signed.
func (c *Client) Estimate(ctx context.Context, signer Signer, msgs ...sdk.Msg) (Cost, error) {
	return c.estimate(ctx, signer, msgs...)
}

// Signed encodes a signed transaction that another program sends. The number and the
// sequence of the account must be known.
func (c *Client) Signed(ctx context.Context, signer Signer, cost Cost, number, sequence uint64, msgs ...sdk.Msg) ([]byte, error) {
	account := tx.AccountState{Number: number, Sequence: sequence}
	return tx.Encode(ctx, c.chainID, signer, account, c.draft(cost, int64(c.terms.TimeoutHeight), msgs)) //nolint:gosec // heights fit
}

// CostOffline returns the cost of gas on the client's terms. The terms must name the gas
// and a price or a fee, because no node is asked for them.
func (c *Client) CostOffline() (Cost, error) {
	terms := c.terms
	if terms.Gas == 0 || terms.Fee.IsNil() && (terms.GasPrice.IsNil() || terms.GasPrice.IsZero()) {
		return Cost{}, errors.New("offline: expected the gas in --gas and its price in --gas-prices or --fees, because no node is asked for them")
	}
	fee, err := terms.fee(terms.Gas, gasPrices{math.ZeroInt(), math.ZeroInt()})
	return Cost{Gas: terms.Gas, Fee: sdk.Coin{Denom: params.BaseDenom, Amount: fee}}, err
}
