package tx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cosmos/gogoproto/proto"
	protov2 "google.golang.org/protobuf/proto"

	signingv1beta1 "cosmossdk.io/api/cosmos/tx/signing/v1beta1"
	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	multisigtypes "github.com/cosmos/cosmos-sdk/crypto/types/multisig"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"
)

// Draft is a transaction before it is signed.
type Draft struct {
	Msgs []sdk.Msg
	// Memo is public.
	Memo string
	// Gas is the limit.
	Gas uint64
	// Fee is what the transaction costs, whether its gas is used up or not.
	Fee sdk.Coins
	// Granter pays the fee by a fee grant; empty if there is none.
	Granter sdk.AccAddress
	// Payer pays the fee and has to sign too; empty if the signer pays.
	Payer sdk.AccAddress
	// TimeoutHeight is the last height at which a block can take the transaction; 0 means no
	// limit.
	TimeoutHeight int64
	// LifeBlocks is the number of blocks for which the transaction is awaited; 0 means up to
	// its timeout height. The node names the height from which a timeout height is counted.
	LifeBlocks int64
}

// Signed is a transaction that can be sent any number of times and runs at most once. Of
// several with the same sequence of the same account at most one runs.
type Signed struct {
	Bytes    []byte
	Sequence uint64
	// TimeoutHeight is the last height at which a block can take it; 0 means no limit.
	TimeoutHeight int64
	// Height of the chain when it was signed; 0 means unknown.
	Height int64
	// LifeBlocks of its draft.
	LifeBlocks int64
}

// Hash returns the hash of the transaction in upper-case hex.
func (s Signed) Hash() string { return Hash(s.Bytes) }

// Hash returns the hash of an encoded transaction in upper-case hex.
func Hash(raw []byte) string {
	sum := sha256.Sum256(raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// ReadSigned decodes what a signed transaction says of itself.
func ReadSigned(raw []byte) (Signed, error) {
	var envelope txtypes.TxRaw
	var body txtypes.TxBody
	var auth txtypes.AuthInfo
	err := errors.Join(proto.Unmarshal(raw, &envelope), proto.Unmarshal(envelope.BodyBytes, &body), proto.Unmarshal(envelope.AuthInfoBytes, &auth))
	if err != nil || len(auth.SignerInfos) == 0 {
		return Signed{}, errors.Join(errors.New("expected a signed transaction, found none"), err)
	}
	return Signed{
		Bytes: raw, Sequence: auth.SignerInfos[0].Sequence,
		TimeoutHeight: int64(body.TimeoutHeight), //nolint:gosec // heights fit
	}, nil
}

// Unsigned encodes a transaction that is signed elsewhere: it holds the messages, the memo
// and the fee, and nothing of a signature.
func (d Draft) Unsigned() ([]byte, error) {
	body, err := d.body()
	if err != nil {
		return nil, err
	}
	fee, err := d.fee()
	if err != nil {
		return nil, err
	}
	auth, err := proto.Marshal(&txtypes.AuthInfo{Fee: fee})
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&txtypes.TxRaw{BodyBytes: body, AuthInfoBytes: auth})
}

// Encode signs a draft for a chain, with the number and the sequence of the signer's
// account, and encodes it.
func Encode(ctx context.Context, chainID string, signer Signer, account AccountState, draft Draft) ([]byte, error) {
	body, auth, _, err := draft.parts(signer, account)
	if err != nil {
		return nil, err
	}
	doc, err := signBytes(ctx, chainID, signer, account, body, auth)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(doc)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&txtypes.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{signature}})
}

// rehearsal encodes a draft with an empty signature, as a simulation takes it.
func (d Draft) rehearsal(signer Signer, account AccountState) ([]byte, error) {
	body, auth, key, err := d.parts(signer, account)
	if err != nil {
		return nil, err
	}
	signature := []byte{}
	if many, ok := key.(multisigtypes.PubKey); ok {
		if signature, err = emptySignatures(many); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&txtypes.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{signature}})
}

// parts encodes what is signed, and returns the key that signs.
func (d Draft) parts(signer Signer, account AccountState) (body, auth []byte, key cryptotypes.PubKey, err error) {
	if body, err = d.body(); err != nil {
		return nil, nil, nil, err
	}
	if key = signer.PubKey(); key == nil {
		key = account.PubKey
	}
	info, err := signerInfo(key, modeOf(signer), account.Sequence)
	if err != nil {
		return nil, nil, nil, err
	}
	fee, err := d.fee()
	if err != nil {
		return nil, nil, nil, err
	}
	auth, err = proto.Marshal(&txtypes.AuthInfo{SignerInfos: []*txtypes.SignerInfo{info}, Fee: fee})
	return body, auth, key, err
}

func (d Draft) body() ([]byte, error) {
	packed := make([]*codectypes.Any, len(d.Msgs))
	for i, msg := range d.Msgs {
		var err error
		if packed[i], err = codectypes.NewAnyWithValue(msg); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&txtypes.TxBody{
		Messages:      packed,
		Memo:          d.Memo,
		TimeoutHeight: uint64(d.TimeoutHeight), //nolint:gosec // heights are positive
	})
}

func (d Draft) fee() (*txtypes.Fee, error) {
	fee := &txtypes.Fee{Amount: d.Fee, GasLimit: d.Gas}
	var err1, err2 error
	if len(d.Granter) > 0 {
		fee.Granter, err1 = bech32(d.Granter)
	}
	if len(d.Payer) > 0 {
		fee.Payer, err2 = bech32(d.Payer)
	}
	return fee, errors.Join(err1, err2)
}

// signerInfo names a key and how it signs. Of a multisig as many keys sign as have to.
func signerInfo(key cryptotypes.PubKey, mode signing.SignMode, sequence uint64) (*txtypes.SignerInfo, error) {
	if key == nil {
		// The chain puts a key of its own in place of this one in a simulation.
		key = &secp256k1.PubKey{}
	}
	packed, err := codectypes.NewAnyWithValue(key)
	if err != nil {
		return nil, err
	}
	single := &txtypes.ModeInfo{Sum: &txtypes.ModeInfo_Single_{Single: &txtypes.ModeInfo_Single{Mode: mode}}}
	info := &txtypes.SignerInfo{PublicKey: packed, ModeInfo: single, Sequence: sequence}
	if many, ok := key.(multisigtypes.PubKey); ok {
		signers := cryptotypes.NewCompactBitArray(len(many.GetPubKeys()))
		modes := make([]*txtypes.ModeInfo, many.GetThreshold())
		for i := range modes {
			signers.SetIndex(i, true)
			modes[i] = single
		}
		info.ModeInfo = &txtypes.ModeInfo{Sum: &txtypes.ModeInfo_Multi_{Multi: &txtypes.ModeInfo_Multi{Bitarray: signers, ModeInfos: modes}}}
	}
	return info, nil
}

// emptySignatures are those of as many keys of a multisig as have to sign.
func emptySignatures(key multisigtypes.PubKey) ([]byte, error) {
	return (&cryptotypes.MultiSignature{Signatures: make([][]byte, key.GetThreshold())}).Marshal()
}

// signBytes returns the bytes that the signer must sign.
func signBytes(ctx context.Context, chainID string, signer Signer, account AccountState, body, auth []byte) ([]byte, error) {
	mode := modeOf(signer)
	if mode == signing.SignMode_SIGN_MODE_DIRECT {
		return proto.Marshal(&txtypes.SignDoc{BodyBytes: body, AuthInfoBytes: auth, ChainId: chainID, AccountNumber: account.Number})
	}
	var decodedBody txv1beta1.TxBody
	var decodedAuth txv1beta1.AuthInfo
	if err := errors.Join(protov2.Unmarshal(body, &decodedBody), protov2.Unmarshal(auth, &decodedAuth)); err != nil {
		return nil, err
	}
	text, err := bech32(signer.Address())
	if err != nil {
		return nil, err
	}
	handlers := authtx.NewTxConfig(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), []signing.SignMode{
		signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON,
	}).SignModeHandler()
	doc, err := handlers.GetSignBytes(ctx, signingv1beta1.SignMode(mode), // both use the same numbers for the modes
		txsigning.SignerData{
			Address: text, ChainID: chainID, AccountNumber: account.Number, Sequence: account.Sequence, PubKey: decodedAuth.SignerInfos[0].PublicKey,
		},
		txsigning.TxData{Body: &decodedBody, AuthInfo: &decodedAuth, BodyBytes: body, AuthInfoBytes: auth},
	)
	if err != nil {
		return nil, fmt.Errorf("sign mode %s: %w", mode, err)
	}
	return doc, nil
}
