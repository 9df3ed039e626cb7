package adversary

import (
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// txPoll is how often a transaction is looked for.
const txPoll = 150 * time.Millisecond

// keyPair signs with a key that lives in memory only.
type keyPair struct{ key *secp256k1.PrivKey }

// newKeyPair returns a new, unused key.
func newKeyPair() keyPair { return keyPair{secp256k1.GenPrivKey()} }

// Address implements tx.Signer.
func (k keyPair) Address() sdk.AccAddress { return sdk.AccAddress(k.key.PubKey().Address()) }

// PubKey implements tx.Signer.
func (k keyPair) PubKey() cryptotypes.PubKey { return k.key.PubKey() }

// Sign implements tx.Signer.
func (k keyPair) Sign(bytes []byte) ([]byte, error) { return k.key.Sign(bytes) }

// newCodec is the sidecar's codec, which knows messages of workers, with those
// of requesters and operators.
func newCodec() (chain.Codec, error) {
	codec, err := chain.NewCodec()
	if err != nil {
		return codec, err
	}
	codec.InterfaceRegistry().RegisterImplementations((*sdk.Msg)(nil),
		&banktypes.MsgSend{},
		&computetypes.MsgPostJob{}, &computetypes.MsgCancelJob{}, &computetypes.MsgReview{},
		&computetypes.MsgChallenge{},
		&edgenodetypes.MsgPause{}, &edgenodetypes.MsgResume{},
	)
	return codec, nil
}

// senders makes accounts that sign for one chain.
type senders struct {
	conn    *grpc.ClientConn
	codec   chain.Codec
	chainID string
	logger  *slog.Logger
}

// of returns a sender for a key, which pays factor times the least gas price.
func (s senders) of(key tx.Signer, factor float64) *chain.Sender {
	return chain.NewSender(s.conn, s.codec, key, chain.TxConfig{
		ChainID: s.chainID, PollInterval: txPoll, GasPriceFactor: factor,
	}, s.logger)
}
