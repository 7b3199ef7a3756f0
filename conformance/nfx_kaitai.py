# ruff: noqa
# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from enum import IntEnum


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class Nfx(KaitaiStruct):
    """Container of NFX 0.3 (bitstream_spec, parts 3 and 4). TILE payloads are split into code words and
    raw bits; symbols are the business of parts 5 and 6. Checksums are read, not checked.
    """

    class Profile(IntEnum):
        lossy = 0
        lossless = 1

    class RestorerKind(IntEnum):
        small = 1
        nifi = 2
        gausspainter = 3
        gfix = 4
        img2img = 5
    def __init__(self, _io, _parent=None, _root=None):
        super(Nfx, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._read()

    def _read(self):
        self.header = Nfx.FileHeader(self._io, self, self._root)
        self.boxes = []
        i = 0
        while True:
            _ = Nfx.Box(self._io, self, self._root)
            self.boxes.append(_)
            if _.type == u"END ":
                break
            i += 1


    def _fetch_instances(self):
        pass
        self.header._fetch_instances()
        for i in range(len(self.boxes)):
            pass
            self.boxes[i]._fetch_instances()


    class Box(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Box, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.type = (self._io.read_bytes(4)).decode(u"ISO-8859-1")
            self.flags = self._io.read_u1()
            self.layer = self._io.read_u1()
            self.tile = self._io.read_u2le()
            self.length = self._io.read_u4le()
            _on = self.type
            if _on == u"END ":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.End(_io__raw_body, self, self._root)
            elif _on == u"EXTR":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Extr(_io__raw_body, self, self._root)
            elif _on == u"HEAD":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Head(_io__raw_body, self, self._root)
            elif _on == u"INDX":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Indx(_io__raw_body, self, self._root)
            elif _on == u"META":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.MetaText(_io__raw_body, self, self._root)
            elif _on == u"MLRA":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Mlra(_io__raw_body, self, self._root)
            elif _on == u"MODL":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Modl(_io__raw_body, self, self._root)
            elif _on == u"REST":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Rest(_io__raw_body, self, self._root)
            elif _on == u"TILE":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.Tile(_io__raw_body, self, self._root)
            elif _on == u"VIEW":
                pass
                self._raw_body = self._io.read_bytes(self.length)
                _io__raw_body = KaitaiStream(BytesIO(self._raw_body))
                self.body = Nfx.View(_io__raw_body, self, self._root)
            else:
                pass
                self.body = self._io.read_bytes(self.length)
            self.crc = self._io.read_u4le()


        def _fetch_instances(self):
            pass
            _on = self.type
            if _on == u"END ":
                pass
                self.body._fetch_instances()
            elif _on == u"EXTR":
                pass
                self.body._fetch_instances()
            elif _on == u"HEAD":
                pass
                self.body._fetch_instances()
            elif _on == u"INDX":
                pass
                self.body._fetch_instances()
            elif _on == u"META":
                pass
                self.body._fetch_instances()
            elif _on == u"MLRA":
                pass
                self.body._fetch_instances()
            elif _on == u"MODL":
                pass
                self.body._fetch_instances()
            elif _on == u"REST":
                pass
                self.body._fetch_instances()
            elif _on == u"TILE":
                pass
                self.body._fetch_instances()
            elif _on == u"VIEW":
                pass
                self.body._fetch_instances()
            else:
                pass


    class Camera(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Camera, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.name = Nfx.Text(self._io, self, self._root)
            self.width = Nfx.Varint(self._io, self, self._root)
            self.height = Nfx.Varint(self._io, self, self._root)
            self.fx = self._io.read_f8le()
            self.fy = self._io.read_f8le()
            self.cx = self._io.read_f8le()
            self.cy = self._io.read_f8le()
            self.world_to_camera = []
            for i in range(12):
                self.world_to_camera.append(self._io.read_f8le())



        def _fetch_instances(self):
            pass
            self.name._fetch_instances()
            self.width._fetch_instances()
            self.height._fetch_instances()
            for i in range(len(self.world_to_camera)):
                pass



    class Column(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Column, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.name = Nfx.Text(self._io, self, self._root)
            self.dtype = self._io.read_u1()
            self.packed_length = Nfx.Varint(self._io, self, self._root)
            self.packed = self._io.read_bytes(self.packed_length.value)


        def _fetch_instances(self):
            pass
            self.name._fetch_instances()
            self.packed_length._fetch_instances()


    class End(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.End, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.total = self._io.read_u8le()
            self.crc_of_crcs = self._io.read_u4le()


        def _fetch_instances(self):
            pass


    class Extr(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Extr, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_columns = Nfx.Varint(self._io, self, self._root)
            self.columns = []
            for i in range(self.n_columns.value):
                self.columns.append(Nfx.Column(self._io, self, self._root))



        def _fetch_instances(self):
            pass
            self.n_columns._fetch_instances()
            for i in range(len(self.columns)):
                pass
                self.columns[i]._fetch_instances()



    class FieldModel(KaitaiStruct):
        def __init__(self, n_cross, _io, _parent=None, _root=None):
            super(Nfx.FieldModel, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self.n_cross = n_cross
            self._read()

        def _read(self):
            self.half_alphabet = self._io.read_u1()
            self.escape_bits = self._io.read_u1()
            self.near = self._io.read_s2le()
            self.far = self._io.read_s2le()
            self.mean = self._io.read_s2le()
            self.cross = []
            for i in range(self.n_cross):
                self.cross.append(self._io.read_s2le())

            self.spread = self._io.read_u1()
            self.size = self._io.read_u1()
            self.energy = self._io.read_u1()
            self.thresholds = []
            for i in range(7):
                self.thresholds.append(self._io.read_u1())

            self.scales = []
            for i in range(8):
                self.scales.append(self._io.read_u1())



        def _fetch_instances(self):
            pass
            for i in range(len(self.cross)):
                pass

            for i in range(len(self.thresholds)):
                pass

            for i in range(len(self.scales)):
                pass



    class FileHeader(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.FileHeader, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.magic = self._io.read_bytes(8)
            if not self.magic == b"\x89\x4E\x46\x58\x0D\x0A\x1A\x0A":
                raise kaitaistruct.ValidationNotEqualError(b"\x89\x4E\x46\x58\x0D\x0A\x1A\x0A", self.magic, self._io, u"/types/file_header/seq/0")
            self.major = self._io.read_u1()
            self.minor = self._io.read_u1()
            self.profile = KaitaiStream.resolve_enum(Nfx.Profile, self._io.read_u1())
            self.level = self._io.read_u1()
            self.reserved = self._io.read_u4le()
            if not self.reserved == 0:
                raise kaitaistruct.ValidationNotEqualError(0, self.reserved, self._io, u"/types/file_header/seq/5")
            self.crc = self._io.read_u4le()


        def _fetch_instances(self):
            pass


    class Head(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Head, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_gaussians = Nfx.Varint(self._io, self, self._root)
            self.sh_degree = self._io.read_u1()
            if not self.sh_degree <= 3:
                raise kaitaistruct.ValidationGreaterThanError(3, self.sh_degree, self._io, u"/types/head/seq/1")
            self.antialiased = self._io.read_bits_int_le(1) != 0
            self.order_kept = self._io.read_bits_int_le(1) != 0
            self.reserved = self._io.read_bits_int_le(6)
            self.frame = self._io.read_u1()
            self.colour_space = self._io.read_u1()
            self.unit = self._io.read_f8le()
            self.n_tiers = self._io.read_u1()
            if not self.n_tiers >= 1:
                raise kaitaistruct.ValidationLessThanError(1, self.n_tiers, self._io, u"/types/head/seq/8")
            if not self.n_tiers <= 16:
                raise kaitaistruct.ValidationGreaterThanError(16, self.n_tiers, self._io, u"/types/head/seq/8")


        def _fetch_instances(self):
            pass
            self.n_gaussians._fetch_instances()


    class Indx(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Indx, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_tiles = Nfx.Varint(self._io, self, self._root)
            self.n_layers = self._io.read_u1()
            self.tiles = []
            for i in range(self.n_tiles.value):
                self.tiles.append(Nfx.TileRow(self._io, self, self._root))



        def _fetch_instances(self):
            pass
            self.n_tiles._fetch_instances()
            for i in range(len(self.tiles)):
                pass
                self.tiles[i]._fetch_instances()



    class MapGroup(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.MapGroup, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.list = self._io.read_u1()
            self.mode = self._io.read_u1()
            self.step = self._io.read_u1()
            self.n_runs = Nfx.Varint(self._io, self, self._root)
            self.runs = []
            for i in range(self.n_runs.value):
                self.runs.append(Nfx.MapRun(self._io, self, self._root))

            self.half_alphabet = self._io.read_u1()
            self.escape_bits = self._io.read_u1()
            self.models = []
            for i in range(self.mode + 1):
                self.models.append(Nfx.MapModel(self._io, self, self._root))

            self.factor_crc = self._io.read_u4le()


        def _fetch_instances(self):
            pass
            self.n_runs._fetch_instances()
            for i in range(len(self.runs)):
                pass
                self.runs[i]._fetch_instances()

            for i in range(len(self.models)):
                pass
                self.models[i]._fetch_instances()



    class MapModel(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.MapModel, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.zero = self._io.read_u2le()
            self.decay = self._io.read_u1()


        def _fetch_instances(self):
            pass


    class MapRun(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.MapRun, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.count = Nfx.Varint(self._io, self, self._root)
            self.rank = Nfx.Varint(self._io, self, self._root)


        def _fetch_instances(self):
            pass
            self.count._fetch_instances()
            self.rank._fetch_instances()


    class MetaText(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.MetaText, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.json = (self._io.read_bytes_full()).decode(u"UTF-8")


        def _fetch_instances(self):
            pass


    class Mlra(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Mlra, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_groups = self._io.read_u1()
            self.groups = []
            for i in range(self.n_groups):
                self.groups.append(Nfx.MapGroup(self._io, self, self._root))

            self.payload = Nfx.Tile(self._io, self, self._root)


        def _fetch_instances(self):
            pass
            for i in range(len(self.groups)):
                pass
                self.groups[i]._fetch_instances()

            self.payload._fetch_instances()


    class ModelId(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.ModelId, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.id = self._io.read_u1()
            if self.id == 255:
                pass
                self.name = Nfx.Text(self._io, self, self._root)

            if self.id > 0:
                pass
                self.revision = Nfx.Text(self._io, self, self._root)

            if self.id > 0:
                pass
                self.sha256 = self._io.read_bytes(32)



        def _fetch_instances(self):
            pass
            if self.id == 255:
                pass
                self.name._fetch_instances()

            if self.id > 0:
                pass
                self.revision._fetch_instances()

            if self.id > 0:
                pass



    class Modl(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Modl, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            if self._root.header.profile == Nfx.Profile.lossy:
                pass
                self.lossy = Nfx.ModlLossy(self._io, self, self._root)

            if self._root.header.profile != Nfx.Profile.lossy:
                pass
                self.lossless = self._io.read_bytes_full()



        def _fetch_instances(self):
            pass
            if self._root.header.profile == Nfx.Profile.lossy:
                pass
                self.lossy._fetch_instances()

            if self._root.header.profile != Nfx.Profile.lossy:
                pass



    class ModlLossy(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.ModlLossy, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.shrink = self._io.read_u1()
            self.grid_exponent = self._io.read_s1()
            self.centre = []
            for i in range(3):
                self.centre.append(self._io.read_s8le())

            self.radius_shift = self._io.read_u1()
            self.radius_floor = self._io.read_s2le()
            self.opacity_levels = self._io.read_u2le()
            self.scale_step = self._io.read_u2le()
            self.dc_step = self._io.read_u2le()
            self.sh_step = self._io.read_u2le()
            self.rotation_cap = self._io.read_u1()
            self.position_rule = Nfx.Rule(self._io, self, self._root)
            self.scale_rule = Nfx.Rule(self._io, self, self._root)
            self.rotation_rule = Nfx.Rule(self._io, self, self._root)
            self.dc_rule = Nfx.Rule(self._io, self, self._root)
            self.sh_rule = Nfx.Rule(self._io, self, self._root)
            self.opacity = Nfx.FieldModel(0, self._io, self, self._root)
            self.scale0 = Nfx.FieldModel(1, self._io, self, self._root)
            self.scale1 = Nfx.FieldModel(2, self._io, self, self._root)
            self.scale2 = Nfx.FieldModel(2, self._io, self, self._root)
            self.dc0 = Nfx.FieldModel(2, self._io, self, self._root)
            self.dc1 = Nfx.FieldModel(1, self._io, self, self._root)
            self.dc2 = Nfx.FieldModel(2, self._io, self, self._root)
            self.n_sh_layers = self._io.read_u1()
            self.sh_layers = []
            for i in range(self.n_sh_layers):
                self.sh_layers.append(self._io.read_u1())

            if self.n_sh_layers > 0:
                pass
                self.sh_field = Nfx.FieldModel(0, self._io, self, self._root)

            if self.n_sh_layers > 0:
                pass
                self.length_field = Nfx.FieldModel(0, self._io, self, self._root)

            if self.n_sh_layers > 0:
                pass
                self.basis = self._io.read_bytes_full()



        def _fetch_instances(self):
            pass
            for i in range(len(self.centre)):
                pass

            self.position_rule._fetch_instances()
            self.scale_rule._fetch_instances()
            self.rotation_rule._fetch_instances()
            self.dc_rule._fetch_instances()
            self.sh_rule._fetch_instances()
            self.opacity._fetch_instances()
            self.scale0._fetch_instances()
            self.scale1._fetch_instances()
            self.scale2._fetch_instances()
            self.dc0._fetch_instances()
            self.dc1._fetch_instances()
            self.dc2._fetch_instances()
            for i in range(len(self.sh_layers)):
                pass

            if self.n_sh_layers > 0:
                pass
                self.sh_field._fetch_instances()

            if self.n_sh_layers > 0:
                pass
                self.length_field._fetch_instances()

            if self.n_sh_layers > 0:
                pass



    class Rest(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Rest, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.record = self._io.read_u1()
            if self.record == 1:
                pass
                self.known = Nfx.RestRecord(self._io, self, self._root)

            if self.record != 1:
                pass
                self.unknown = self._io.read_bytes_full()



        def _fetch_instances(self):
            pass
            if self.record == 1:
                pass
                self.known._fetch_instances()

            if self.record != 1:
                pass



    class RestRecord(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.RestRecord, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.kind = KaitaiStream.resolve_enum(Nfx.RestorerKind, self._io.read_u1())
            self.kind_version = self._io.read_u1()
            self.backbone = Nfx.ModelId(self._io, self, self._root)
            self.autoencoder = Nfx.ModelId(self._io, self, self._root)
            self.adapters = Nfx.ModelId(self._io, self, self._root)
            self.latent_scale = self._io.read_u4le()
            self.latent_shift = self._io.read_s4le()
            self.schedule = self._io.read_u1()
            self.prediction = self._io.read_u1()
            self.level = self._io.read_u4le()
            self.end_level = self._io.read_u4le()
            self.network_time = self._io.read_u2le()
            self.noise_mode = self._io.read_u1()
            if self.noise_mode == 2:
                pass
                self.noise_scope = self._io.read_u1()

            if self.noise_mode == 2:
                pass
                self.noise_seed = self._io.read_u8le()

            self.prompt = self._io.read_u1()
            if self.prompt > 0:
                pass
                self.prompt_sha256 = self._io.read_bytes(32)

            self.guidance = self._io.read_u2le()
            self.mask = self._io.read_u1()
            if self.mask == 1:
                pass
                self.mask_grid = self._io.read_u1()

            self.condition = self._io.read_u1()
            self.strength = self._io.read_u1()
            self.pad = self._io.read_u1()
            self.pad_mode = self._io.read_u1()
            self.tile = self._io.read_u1()
            if self.tile > 0:
                pass
                self.overlap = self._io.read_u1()

            if self.tile > 0:
                pass
                self.untiled = self._io.read_u1()

            if self.tile > 0:
                pass
                self.window = self._io.read_u1()

            self.colour_fix = self._io.read_u1()
            self.dtype = self._io.read_u1()
            self.renderer = self._io.read_u1()
            self.background = []
            for i in range(3):
                self.background.append(self._io.read_u1())



        def _fetch_instances(self):
            pass
            self.backbone._fetch_instances()
            self.autoencoder._fetch_instances()
            self.adapters._fetch_instances()
            if self.noise_mode == 2:
                pass

            if self.noise_mode == 2:
                pass

            if self.prompt > 0:
                pass

            if self.mask == 1:
                pass

            if self.tile > 0:
                pass

            if self.tile > 0:
                pass

            if self.tile > 0:
                pass

            for i in range(len(self.background)):
                pass



    class Rule(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Rule, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.offset = self._io.read_s2le()
            self.alpha = self._io.read_s1()
            self.footprint = self._io.read_s1()


        def _fetch_instances(self):
            pass


    class Svarint(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Svarint, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.zigzag = Nfx.Varint(self._io, self, self._root)


        def _fetch_instances(self):
            pass
            self.zigzag._fetch_instances()

        @property
        def value(self):
            if hasattr(self, '_m_value'):
                return self._m_value

            self._m_value = (-((self.zigzag.value + 1) // 2) if self.zigzag.value % 2 == 1 else self.zigzag.value // 2)
            return getattr(self, '_m_value', None)


    class Text(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Text, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.length = Nfx.Varint(self._io, self, self._root)
            self.value = (self._io.read_bytes(self.length.value)).decode(u"UTF-8")


        def _fetch_instances(self):
            pass
            self.length._fetch_instances()


    class Tile(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Tile, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_words = Nfx.Varint(self._io, self, self._root)
            self.words = []
            for i in range(self.n_words.value):
                self.words.append(self._io.read_u4le())

            self.raw = self._io.read_bytes_full()


        def _fetch_instances(self):
            pass
            self.n_words._fetch_instances()
            for i in range(len(self.words)):
                pass



    class TileRow(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.TileRow, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n = Nfx.Varint(self._io, self, self._root)
            self.origin = []
            for i in range(3):
                self.origin.append(Nfx.Svarint(self._io, self, self._root))

            self.bits = []
            for i in range(3):
                self.bits.append(self._io.read_u1())

            self.sizes = []
            for i in range(self._parent.n_layers):
                self.sizes.append(Nfx.Varint(self._io, self, self._root))



        def _fetch_instances(self):
            pass
            self.n._fetch_instances()
            for i in range(len(self.origin)):
                pass
                self.origin[i]._fetch_instances()

            for i in range(len(self.bits)):
                pass

            for i in range(len(self.sizes)):
                pass
                self.sizes[i]._fetch_instances()



    class Varint(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.Varint, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.groups = []
            i = 0
            while True:
                _ = self._io.read_u1()
                self.groups.append(_)
                if _ < 128:
                    break
                i += 1


        def _fetch_instances(self):
            pass
            for i in range(len(self.groups)):
                pass


        @property
        def last(self):
            if hasattr(self, '_m_last'):
                return self._m_last

            self._m_last = len(self.groups) - 1
            return getattr(self, '_m_last', None)

        @property
        def value(self):
            if hasattr(self, '_m_value'):
                return self._m_value

            self._m_value = ((((((((self.groups[0] & 127) + ((self.groups[1] & 127) * 128 if self.last >= 1 else 0)) + ((self.groups[2] & 127) * 16384 if self.last >= 2 else 0)) + ((self.groups[3] & 127) * 2097152 if self.last >= 3 else 0)) + ((self.groups[4] & 127) * 268435456 if self.last >= 4 else 0)) + ((self.groups[5] & 127) * 34359738368 if self.last >= 5 else 0)) + ((self.groups[6] & 127) * 4398046511104 if self.last >= 6 else 0)) + ((self.groups[7] & 127) * 562949953421312 if self.last >= 7 else 0)) + ((self.groups[8] & 127) * 72057594037927936 if self.last >= 8 else 0)
            return getattr(self, '_m_value', None)


    class View(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Nfx.View, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.n_views = Nfx.Varint(self._io, self, self._root)
            self.views = []
            for i in range(self.n_views.value):
                self.views.append(Nfx.Camera(self._io, self, self._root))



        def _fetch_instances(self):
            pass
            self.n_views._fetch_instances()
            for i in range(len(self.views)):
                pass
                self.views[i]._fetch_instances()




