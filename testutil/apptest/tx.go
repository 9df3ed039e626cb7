package apptest

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/tx"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/thetaedge/theta/app/params"
)

// defaultGas is the gas limit of a tx that does not set its own.
const defaultGas = 2_000_000

// Account is a key and its address.
type Account struct {
	Key     cryptotypes.PrivKey
	Address sdk.AccAddress
}

// NewAccount derives an account from a name: the same name gives the same key.
func NewAccount(name string) Account {
	key := secp256k1.GenPrivKeyFromSecret([]byte(name))
	return Account{Key: key, Address: sdk.AccAddress(key.PubKey().Address())}
}

// Named returns the account at index i of a chain with more than i accounts.
func Named(i int) Account { return NewAccount(fmt.Sprintf("account-%d", i)) }

// String returns the bech32 address.
func (a Account) String() string { return a.Address.String() }

// ConsensusKey returns the key with which the validator signs blocks.
func ConsensusKey() *ed25519.PrivKey { return ed25519.GenPrivKeyFromSecret([]byte("consensus")) }

type txSettings struct {
	gas  uint64
	fee  sdk.Coins
	memo string
}

// TxOption changes how a tx is signed.
type TxOption func(*txSettings)

// WithGas sets the gas limit. The fee follows from it unless it is set too.
func WithGas(limit uint64) TxOption { return func(s *txSettings) { s.gas = limit } }

// WithFee sets the fee instead of the lowest fee that the next block accepts.
func WithFee(fee ...sdk.Coin) TxOption {
	return func(s *txSettings) { s.fee = append(sdk.Coins{}, fee...) }
}

// WithMemo sets the memo.
func WithMemo(memo string) TxOption { return func(s *txSettings) { s.memo = memo } }

// Sign returns the bytes of a tx with the messages. It is signed with the next sequence after
// the committed state and after the txs that were signed since the last block.
func (c *Chain) Sign(signer Account, msgs []sdk.Msg, options ...TxOption) []byte {
	c.t.Helper()
	account := c.App.AccountKeeper.GetAccount(c.Ctx(), signer.Address)
	require.NotNil(c.t, account, "%s has no account on this chain", signer)
	settings := txSettings{gas: defaultGas}
	for _, option := range options {
		option(&settings)
	}
	if settings.fee == nil {
		settings.fee = c.leastFee(settings.gas)
	}
	sequence := account.GetSequence() + c.pending[signer.String()]
	c.pending[signer.String()]++
	return c.sign(signer, account.GetAccountNumber(), sequence, msgs, settings)
}

// MinFee returns the lowest fee of a tx with the gas limit, at the default price.
func MinFee(gas uint64) sdk.Coins {
	price := math.NewInt(params.DefaultMinGasPrice)
	return sdk.NewCoins(sdk.NewCoin(params.BaseDenom, price.Mul(math.NewIntFromUint64(gas))))
}

// leastFee returns MinFee, or more if full blocks have raised the price.
func (c *Chain) leastFee(gas uint64) sdk.Coins {
	base, floor, err := c.App.FeemarketKeeper.Prices(c.Ctx())
	require.NoError(c.t, err)
	if base.GT(floor) {
		return sdk.NewCoins(sdk.NewCoin(params.BaseDenom, base.Mul(math.NewIntFromUint64(gas))))
	}
	return MinFee(gas)
}

func (c *Chain) sign(signer Account, number, sequence uint64, msgs []sdk.Msg, s txSettings) []byte {
	c.t.Helper()
	config := c.App.TxConfig()
	builder := config.NewTxBuilder()
	require.NoError(c.t, builder.SetMsgs(msgs...))
	builder.SetGasLimit(s.gas)
	builder.SetFeeAmount(s.fee)
	builder.SetMemo(s.memo)

	// The public key is part of what is signed, so it is set first, without a signature.
	mode := signing.SignMode_SIGN_MODE_DIRECT
	require.NoError(c.t, builder.SetSignatures(signing.SignatureV2{
		PubKey:   signer.Key.PubKey(),
		Data:     &signing.SingleSignatureData{SignMode: mode},
		Sequence: sequence,
	}))
	signature, err := tx.SignWithPrivKey(context.Background(), mode, authsigning.SignerData{
		Address:       signer.String(),
		ChainID:       ChainID,
		AccountNumber: number,
		Sequence:      sequence,
		PubKey:        signer.Key.PubKey(),
	}, builder, signer.Key, config, sequence)
	require.NoError(c.t, err)
	require.NoError(c.t, builder.SetSignatures(signature))
	encoded, err := config.TxEncoder()(builder.GetTx())
	require.NoError(c.t, err)
	return encoded
}

// SignRaw is Sign for one message that is already encoded, possibly as another client
// implementation would encode it.
func (c *Chain) SignRaw(signer Account, message *codectypes.Any) []byte {
	c.t.Helper()
	account := c.App.AccountKeeper.GetAccount(c.Ctx(), signer.Address)
	require.NotNil(c.t, account, "%s has no account on this chain", signer)
	sequence := account.GetSequence() + c.pending[signer.String()]
	c.pending[signer.String()]++
	body := c.marshal(&txtypes.TxBody{Messages: []*codectypes.Any{message}})
	key, err := codectypes.NewAnyWithValue(signer.Key.PubKey())
	require.NoError(c.t, err)
	auth := c.marshal(&txtypes.AuthInfo{
		SignerInfos: []*txtypes.SignerInfo{{
			PublicKey: key, Sequence: sequence,
			ModeInfo: &txtypes.ModeInfo{Sum: &txtypes.ModeInfo_Single_{Single: &txtypes.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}},
		}},
		Fee: &txtypes.Fee{GasLimit: defaultGas, Amount: MinFee(defaultGas)},
	})
	signature, err := signer.Key.Sign(c.marshal(&txtypes.SignDoc{
		BodyBytes: body, AuthInfoBytes: auth, ChainId: ChainID, AccountNumber: account.GetAccountNumber(),
	}))
	require.NoError(c.t, err)
	return c.marshal(&txtypes.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{signature}})
}

func (c *Chain) marshal(message proto.Message) []byte {
	c.t.Helper()
	raw, err := proto.Marshal(message)
	require.NoError(c.t, err)
	return raw
}

// Deliver signs a tx, runs it alone in the next block and returns its result.
func (c *Chain) Deliver(signer Account, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	return c.NextBlock(c.Sign(signer, msgs)).TxResults[0]
}

// MustDeliver is Deliver for a tx that must succeed.
func (c *Chain) MustDeliver(signer Account, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	result := c.Deliver(signer, msgs...)
	require.Zero(c.t, result.Code, "%s", result.Log)
	return result
}

// Balance returns the balance of address in denom.
func (c *Chain) Balance(address sdk.AccAddress, denom string) math.Int {
	c.t.Helper()
	return c.App.BankKeeper.GetBalance(c.Ctx(), address, denom).Amount
}
