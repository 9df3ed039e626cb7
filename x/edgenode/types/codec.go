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
	cdc.RegisterConcrete(Params{}, "theta/x/edgenode/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgRegister{}, "theta/edgenode/MsgRegister")
	legacy.RegisterAminoMsg(cdc, &MsgUpdate{}, "theta/edgenode/MsgUpdate")
	legacy.RegisterAminoMsg(cdc, &MsgBond{}, "theta/edgenode/MsgBond")
	legacy.RegisterAminoMsg(cdc, &MsgUnbond{}, "theta/edgenode/MsgUnbond")
	legacy.RegisterAminoMsg(cdc, &MsgPause{}, "theta/edgenode/MsgPause")
	legacy.RegisterAminoMsg(cdc, &MsgResume{}, "theta/edgenode/MsgResume")
	legacy.RegisterAminoMsg(cdc, &MsgRetire{}, "theta/edgenode/MsgRetire")
	legacy.RegisterAminoMsg(cdc, &MsgRotateWorker{}, "theta/edgenode/MsgRotateWorker")
	legacy.RegisterAminoMsg(cdc, &MsgUnjail{}, "theta/edgenode/MsgUnjail")
	legacy.RegisterAminoMsg(cdc, &MsgRenewLease{}, "theta/edgenode/MsgRenewLease")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "theta/edgenode/MsgUpdateParams")
}

// RegisterInterfaces registers the messages as sdk.Msg and the Msg service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&MsgRegister{},
		&MsgUpdate{},
		&MsgBond{},
		&MsgUnbond{},
		&MsgPause{},
		&MsgResume{},
		&MsgRetire{},
		&MsgRotateWorker{},
		&MsgUnjail{},
		&MsgRenewLease{},
		&MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
