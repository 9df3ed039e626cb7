package tx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/client/grpcnode"
)

// Sender simulates, signs and sends transactions through one node. It keeps no state, so
// that it is safe for concurrent use.
type Sender struct {
	chainID  string
	conn     grpcnode.Connection
	accounts authtypes.QueryClient
	txs      txtypes.ServiceClient
}

// NewSender returns a sender for a chain over an open connection.
func NewSender(chainID string, conn grpcnode.Connection) *Sender {
	return &Sender{
		chainID: chainID, conn: conn,
		accounts: authtypes.NewQueryClient(conn), txs: txtypes.NewServiceClient(conn),
	}
}

// Height returns the height of the newest block that the node has committed.
func (s *Sender) Height(ctx context.Context) (int64, error) {
	tip, err := grpcnode.ReadTip(ctx, s.conn)
	return tip.Height, err
}

// maxGas is the most gas that a simulation may use: no block has as much, and a program can
// multiply it.
const maxGas = 1 << 40

// Simulation is what a simulation shows of a transaction.
type Simulation struct {
	GasUsed uint64
	// Responses in the order of the messages; empty if the node does not show them.
	Responses []*codectypes.Any
}

// Simulate runs a draft on the newest state of the node, its mempool included: another
// transaction of the key that waits there has used the account's sequence already. It fails
// with a *Refusal if the chain would not take the transaction. Since a simulation has no gas
// limit of its own, one that runs out of gas is TooLarge.
func (s *Sender) Simulate(ctx context.Context, signer Signer, account AccountState, draft Draft) (Simulation, error) {
	raw, err := draft.rehearsal(signer, account)
	if err != nil {
		return Simulation{}, fmt.Errorf("cannot encode the transaction: %w", err)
	}
	res, err := s.txs.Simulate(ctx, &txtypes.SimulateRequest{TxBytes: raw})
	if err != nil {
		err = failed(ctx, "simulate transaction", err)
		var refused *Refusal
		if errors.As(err, &refused) && refused.Reason == Other && strings.Contains(refused.Log, sdkerrors.ErrOutOfGas.Error()) {
			refused.Reason = TooLarge
		}
		return Simulation{}, err
	}
	if res.GasInfo == nil {
		return Simulation{}, errors.New("simulation: expected gas used, found none")
	}
	if res.GasInfo.GasUsed > maxGas {
		return Simulation{}, fmt.Errorf("simulation: expected at most %d gas, found %d; use another node", uint64(maxGas), res.GasInfo.GasUsed)
	}
	found := Simulation{GasUsed: res.GasInfo.GasUsed}
	if res.Result != nil {
		found.Responses = res.Result.MsgResponses
	}
	return found, nil
}

// Sign signs a draft, which needs a timeout height that a chain can reach: without one, a
// transaction that a node has kept could run at any time.
func (s *Sender) Sign(ctx context.Context, signer Signer, account AccountState, draft Draft) (Signed, error) {
	if draft.TimeoutHeight <= 0 || draft.TimeoutHeight > 2*grpcnode.MaxHeight {
		return Signed{}, fmt.Errorf("expected a transaction with a timeout height above 0 and at most %d, found %d; nothing was signed",
			int64(2*grpcnode.MaxHeight), draft.TimeoutHeight)
	}
	raw, err := Encode(ctx, s.chainID, signer, account, draft)
	if err != nil {
		return Signed{}, err
	}
	return Signed{Bytes: raw, Sequence: account.Sequence, TimeoutHeight: draft.TimeoutHeight, Height: account.Height, LifeBlocks: draft.LifeBlocks}, nil
}

// Broadcast hands a transaction to the node. It returns nil if the transaction is in the
// node's mempool, and otherwise a *Refusal or grpcnode.ErrUnreachable. A transaction that was
// refused can still run, because the node may have passed it on.
func (s *Sender) Broadcast(ctx context.Context, signed Signed) error {
	res, err := s.txs.BroadcastTx(ctx, &txtypes.BroadcastTxRequest{TxBytes: signed.Bytes, Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return failed(ctx, "send transaction", err)
	}
	refused := Refused(res.TxResponse)
	if refused == nil {
		return nil
	}
	// A node that has seen no block since its restart refuses valid transactions, because it
	// takes the chain for one at genesis.
	if _, err := s.Height(ctx); errors.Is(err, grpcnode.ErrStarting) {
		return err
	}
	return refused
}

// Find returns a transaction from the node's index, which can be behind, switched off or
// pruned, so that a missing transaction proves nothing.
func (s *Sender) Find(ctx context.Context, hash string) (*sdk.TxResponse, error) {
	res, err := s.txs.GetTx(ctx, &txtypes.GetTxRequest{Hash: hash})
	if err != nil {
		return nil, grpcnode.Explain(ctx, "transaction "+hash, err)
	}
	if res.TxResponse == nil {
		return nil, fmt.Errorf("transaction %s: expected an answer, found none", hash)
	}
	return res.TxResponse, nil
}
