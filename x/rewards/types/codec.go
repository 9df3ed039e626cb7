package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the messages for amino JSON signing.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "theta/x/rewards/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgClaim{}, "theta/rewards/MsgClaim")
	legacy.RegisterAminoMsg(cdc, &MsgSetPayout{}, "theta/rewards/MsgSetPayout")
	legacy.RegisterAminoMsg(cdc, &MsgCollect{}, "theta/rewards/MsgCollect")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "theta/rewards/MsgUpdateParams")
}

// RegisterInterfaces registers the messages as sdk.Msg and the Msg service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&MsgClaim{},
		&MsgSetPayout{},
		&MsgCollect{},
		&MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
