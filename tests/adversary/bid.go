package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
)

// bid is a transaction whose sender sets gas and price without asking the chain.
type bid struct {
	msg sdk.Msg
	// granter pays the fee, if it is not the sender.
	granter sdk.AccAddress
	// gas is the gas limit, and price is the price per unit of gas, in multiples of the
	// floor.
	gas, price int64
	// number and sequence are those of the account.
	number, sequence uint64
}

// fee returns the fee of a bid, in atfuel.
func (s *stage) fee(b bid) math.Int { return s.rewards.MinGasPrice.MulRaw(b.price * b.gas) }

// throw broadcasts a bid and returns its hash once the mempool has accepted it.
func (s *stage) throw(ctx context.Context, key keyPair, b bid) (string, error) {
	raw, err := s.sign(ctx, key, b)
	if err != nil {
		return "", err
	}
	answer, err := txtypes.NewServiceClient(s.net.Conn()).BroadcastTx(ctx, &txtypes.BroadcastTxRequest{TxBytes: raw, Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return "", err
	}
	if answer.TxResponse.Code != 0 {
		return "", fmt.Errorf("expected the mempool to take a paid transaction, found: %s", answer.TxResponse.RawLog)
	}
	return answer.TxResponse.TxHash, nil
}

func (s *stage) sign(ctx context.Context, key keyPair, b bid) ([]byte, error) {
	config := s.senders.codec.Tx
	builder := config.NewTxBuilder()
	if err := builder.SetMsgs(b.msg); err != nil {
		return nil, err
	}
	builder.SetGasLimit(uint64(b.gas)) //nolint:gosec // positive
	builder.SetFeeAmount(sdk.NewCoins(sdk.NewCoin(s.rewards.FeeDenom, s.fee(b))))
	builder.SetFeeGranter(b.granter)
	seal := func(signature []byte) error {
		return builder.SetSignatures(signing.SignatureV2{
			PubKey: key.PubKey(), Sequence: b.sequence,
			Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT, Signature: signature},
		})
	}
	if err := seal(nil); err != nil {
		return nil, err
	}
	bytes, err := authsigning.GetSignBytesAdapter(ctx, config.SignModeHandler(), signing.SignMode_SIGN_MODE_DIRECT, authsigning.SignerData{
		Address: key.Address().String(), ChainID: s.chainID(), AccountNumber: b.number, Sequence: b.sequence, PubKey: key.PubKey(),
	}, builder.GetTx())
	if err != nil {
		return nil, err
	}
	signature, err := key.Sign(bytes)
	if err != nil {
		return nil, err
	}
	if err := seal(signature); err != nil {
		return nil, err
	}
	return config.TxEncoder()(builder.GetTx())
}
