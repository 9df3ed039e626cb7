package chain

import (
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Codec encodes what the sidecar sends and decodes what it reads: accounts, keys, fee grants,
// and the messages of workers and operators.
type Codec struct {
	codec.Codec
	// Tx builds and signs transactions.
	Tx client.TxConfig
}

// NewCodec returns a codec for the bech32 prefixes that are set in the SDK's config.
func NewCodec() (Codec, error) {
	config := sdk.GetConfig()
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: txsigning.Options{
			AddressCodec:          address.NewBech32Codec(config.GetBech32AccountAddrPrefix()),
			ValidatorAddressCodec: address.NewBech32Codec(config.GetBech32ValidatorAddrPrefix()),
		},
	})
	if err != nil {
		return Codec{}, fmt.Errorf("cannot build the interface registry: %w", err)
	}
	std.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	feegrant.RegisterInterfaces(registry)
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&computetypes.MsgClaim{}, &computetypes.MsgCommit{}, &computetypes.MsgReveal{},
		&computetypes.MsgOpen{}, &computetypes.MsgRelease{}, &computetypes.MsgYield{},
		&edgenodetypes.MsgRegister{}, &edgenodetypes.MsgUpdate{}, &edgenodetypes.MsgRotateWorker{}, &edgenodetypes.MsgRenewLease{},
		&edgenodetypes.MsgBond{}, &edgenodetypes.MsgUnbond{}, &edgenodetypes.MsgPause{}, &edgenodetypes.MsgResume{},
		&edgenodetypes.MsgUnjail{}, &edgenodetypes.MsgRetire{},
		&rewardstypes.MsgClaim{}, &rewardstypes.MsgCollect{}, &rewardstypes.MsgSetPayout{},
	)
	cdc := codec.NewProtoCodec(registry)
	return Codec{Codec: cdc, Tx: authtx.NewTxConfig(cdc, []signing.SignMode{signing.SignMode_SIGN_MODE_DIRECT})}, nil
}
