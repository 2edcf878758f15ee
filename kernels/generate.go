package kernels

//go:generate go -C internal/gen run ./vector -pkg kernels -out ../../vector_avx2_amd64.s -stubs ../../vector_avx2_amd64.go
//go:generate go -C internal/gen run ./vector -avx512 -pkg kernels -out ../../vector_avx512_amd64.s -stubs ../../vector_avx512_amd64.go
//go:generate go -C internal/gen run ./attention -pkg kernels -out ../../attention_avx2_amd64.s -stubs ../../attention_avx2_amd64.go
//go:generate go -C internal/gen run ./attention -avx512 -pkg kernels -out ../../attention_avx512_amd64.s -stubs ../../attention_avx512_amd64.go
//go:generate go -C internal/gen run ./matrix -pkg kernels -out ../../matrix_avx2_amd64.s -stubs ../../matrix_avx2_amd64.go
//go:generate go -C internal/gen run ./matrix -avx512 -pkg kernels -out ../../matrix_avx512_amd64.s -stubs ../../matrix_avx512_amd64.go
//go:generate go -C internal/gen run ./matrix -vnni -pkg kernels -out ../../matrix_vnni_amd64.s -stubs ../../matrix_vnni_amd64.go
