module github.com/medner/medner/kernels/internal/gen

go 1.26.0

require (
	github.com/ebitengine/purego v0.11.3
	github.com/medner/medner v0.0.0
	github.com/mmcloughlin/avo v0.6.0
)

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/medner/medner => ../../..
