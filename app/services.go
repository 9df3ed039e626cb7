package app

import (
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/thetaedge/theta/docs/static"
)

// RegisterAPIRoutes serves all queries and the tx service over REST, and the OpenAPI page
// under /swagger/ if the node's config enables it.
func (app *App) RegisterAPIRoutes(server *api.Server, cfg config.APIConfig) {
	router := server.GRPCGatewayRouter
	authtx.RegisterGRPCGatewayRoutes(server.ClientCtx, router)
	cmtservice.RegisterGRPCGatewayRoutes(server.ClientCtx, router)
	nodeservice.RegisterGRPCGatewayRoutes(server.ClientCtx, router)
	app.BasicModuleManager.RegisterGRPCGatewayRoutes(server.ClientCtx, router)
	if cfg.Swagger {
		server.Router.PathPrefix("/swagger/").Handler(static.Handler("/swagger/"))
	}
}

// RegisterTxService serves simulation, broadcast and search of transactions.
func (app *App) RegisterTxService(clientCtx client.Context) {
	authtx.RegisterTxService(app.GRPCQueryRouter(), clientCtx, app.Simulate, app.encoding.InterfaceRegistry)
}

// RegisterTendermintService serves blocks and validator sets.
func (app *App) RegisterTendermintService(clientCtx client.Context) {
	cmtservice.RegisterTendermintService(clientCtx, app.GRPCQueryRouter(),
		app.encoding.InterfaceRegistry, server.NewCometABCIWrapper(app).Query)
}

// RegisterNodeService serves the node's own settings and the earliest height for which it can
// answer queries.
func (app *App) RegisterNodeService(clientCtx client.Context, cfg config.Config) {
	nodeservice.RegisterNodeService(clientCtx, app.GRPCQueryRouter(), cfg, func() int64 {
		return app.CommitMultiStore().EarliestVersion()
	})
}
