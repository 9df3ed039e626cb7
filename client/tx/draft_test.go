package tx

import (
	"bytes"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	sdkclient "github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/std"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/thetaedge/theta/app/params"
)

const testChain = "theta-test"

// memorySigner signs with a key in memory, in any mode.
type memorySigner struct {
	key  *secp256k1.PrivKey
	mode signing.SignMode
}

func newMemorySigner() memorySigner {
	return memorySigner{secp256k1.GenPrivKey(), signing.SignMode_SIGN_MODE_DIRECT}
}

func (s memorySigner) Address() sdk.AccAddress         { return sdk.AccAddress(s.key.PubKey().Address()) }
func (s memorySigner) PubKey() cryptotypes.PubKey      { return s.key.PubKey() }
func (s memorySigner) Sign(doc []byte) ([]byte, error) { return s.key.Sign(doc) }
func (s memorySigner) Mode() signing.SignMode          { return s.mode }

// sdkConfig is the SDK's own encoding of transactions.
func sdkConfig(t *testing.T) sdkclient.TxConfig {
	t.Helper()
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: txsigning.Options{
			AddressCodec:          address.NewBech32Codec(params.Bech32Prefix),
			ValidatorAddressCodec: address.NewBech32Codec(params.Bech32Prefix + "valoper"),
		},
	})
	require.NoError(t, err)
	std.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	return authtx.NewTxConfig(codec.NewProtoCodec(registry), []signing.SignMode{
		signing.SignMode_SIGN_MODE_DIRECT, signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON,
	})
}

func send(from sdk.AccAddress) sdk.Msg {
	return banktypes.NewMsgSend(from, sdk.AccAddress(bytes.Repeat([]byte{7}, 20)), sdk.NewCoins(params.TfuelCoin(1)))
}

func TestADraftIsSignedAsTheSDKDecodesIt(t *testing.T) {
	params.SetSDKDefaults()
	config := sdkConfig(t)
	granter := sdk.AccAddress(bytes.Repeat([]byte{9}, 20))
	for _, mode := range []signing.SignMode{signing.SignMode_SIGN_MODE_DIRECT, signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON} {
		t.Run(mode.String(), func(t *testing.T) {
			signer := newMemorySigner()
			signer.mode = mode
			raw, err := Encode(t.Context(), testChain, signer, AccountState{Number: 4, Sequence: 11}, Draft{
				Msgs: []sdk.Msg{send(signer.Address())}, Memo: "hello", Gas: 123, Fee: sdk.NewCoins(params.TfuelCoin(2)),
				Granter: granter, TimeoutHeight: 77,
			})
			require.NoError(t, err)
			decoded, err := config.TxDecoder()(raw)
			require.NoError(t, err)
			found := decoded.(authsigning.Tx)
			require.Equal(t, "hello", found.GetMemo())
			require.Equal(t, uint64(123), found.GetGas())
			require.Equal(t, sdk.NewCoins(params.TfuelCoin(2)), found.GetFee())
			require.Equal(t, granter, sdk.AccAddress(found.FeeGranter()))
			require.Equal(t, uint64(77), found.GetTimeoutHeight())
			signatures, err := found.GetSignaturesV2()
			require.NoError(t, err)
			require.Len(t, signatures, 1)
			require.Equal(t, uint64(11), signatures[0].Sequence)
			doc, err := authsigning.GetSignBytesAdapter(t.Context(), config.SignModeHandler(), mode, authsigning.SignerData{
				Address: signer.Address().String(), ChainID: testChain, AccountNumber: 4, Sequence: 11, PubKey: signer.PubKey(),
			}, found)
			require.NoError(t, err)
			require.True(t, signer.PubKey().VerifySignature(doc, signatures[0].Data.(*signing.SingleSignatureData).Signature))

			signed, err := ReadSigned(raw)
			require.NoError(t, err)
			require.Equal(t, Signed{Bytes: raw, Sequence: 11, TimeoutHeight: 77}, signed)
			require.Equal(t, Hash(raw), signed.Hash())
		})
	}
}

func TestAnUnsignedTransactionHasNothingOfASigner(t *testing.T) {
	params.SetSDKDefaults()
	payer := sdk.AccAddress(bytes.Repeat([]byte{8}, 20))
	raw, err := Draft{Msgs: []sdk.Msg{send(payer)}, Gas: 5, Payer: payer}.Unsigned()
	require.NoError(t, err)
	var envelope txtypes.TxRaw
	var auth txtypes.AuthInfo
	require.NoError(t, envelope.Unmarshal(raw))
	require.NoError(t, auth.Unmarshal(envelope.AuthInfoBytes))
	require.Empty(t, envelope.Signatures)
	require.Empty(t, auth.SignerInfos)
	require.Equal(t, payer.String(), auth.Fee.Payer)
	_, err = ReadSigned(raw)
	require.ErrorContains(t, err, "expected a signed transaction")
}

func TestASimulationOfAMultisigHasAsManyEmptySignaturesAsHaveToSign(t *testing.T) {
	params.SetSDKDefaults()
	keys := make([]cryptotypes.PubKey, 3)
	for i := range keys {
		keys[i] = secp256k1.GenPrivKey().PubKey()
	}
	many := multisig.NewLegacyAminoPubKey(2, keys)
	account := NewAccount(sdk.AccAddress(many.Address()), nil)
	raw, err := Draft{Msgs: []sdk.Msg{send(account.Address())}}.rehearsal(account, AccountState{PubKey: many})
	require.NoError(t, err)
	decoded, err := sdkConfig(t).TxDecoder()(raw)
	require.NoError(t, err)
	signatures, err := decoded.(authsigning.Tx).GetSignaturesV2()
	require.NoError(t, err)
	require.Len(t, signatures, 1)
	require.True(t, many.Equals(signatures[0].PubKey))
	require.Len(t, signatures[0].Data.(*signing.MultiSignatureData).Signatures, 2)

	_, err = Encode(t.Context(), testChain, account, AccountState{PubKey: many}, Draft{Msgs: []sdk.Msg{send(account.Address())}})
	require.ErrorIs(t, err, ErrCannotSign)
}

func TestNothingIsSignedWithoutATimeoutHeight(t *testing.T) {
	params.SetSDKDefaults()
	signer := newMemorySigner()
	_, err := NewSender(testChain, newFakeNode()).Sign(t.Context(), signer, AccountState{}, Draft{Msgs: []sdk.Msg{send(signer.Address())}})
	require.ErrorContains(t, err, "nothing was signed")
}
