"""OpenGL, headless on Mesa's llvmpipe: meshes, an environment and a table become a picture, who is
where, and true normals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.parcel.render.shapes import Mesh

if TYPE_CHECKING:
    import moderngl

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
NEAR, FAR = 3.0, 600.0  # centimetres
SHADE, REACH = 384, 75.0  # pixels of the shadow picture; centimetres from its middle to its edge

MESH_VERTEX = """
#version 330
uniform mat4 projection;
in vec3 point; in vec3 shading; in vec3 real; in vec2 uv;
out vec3 place; out vec3 normal; out vec3 truth; out vec2 spot;
void main() {
  place = point; normal = shading; truth = real; spot = uv;
  gl_Position = projection * vec4(point.x, -point.y, -point.z, 1.0);
}
"""
MESH_FRAGMENT = """
#version 330
uniform sampler2D look; uniform sampler2DShadow shade; uniform mat4 sunwards; uniform float soft;
uniform vec3 tint; uniform float textured; uniform float gloss; uniform float who; uniform int ghost; uniform float body;
uniform vec3 harmonics[9]; uniform vec3 sun; uniform vec3 sunlight; uniform vec3 lamp; uniform vec3 lamplight;
uniform vec4 shadows[4]; uniform float shaded; uniform vec4 ground; uniform vec3 across; uniform vec3 along;
in vec3 place; in vec3 normal; in vec3 truth; in vec2 spot;
out vec4 colour;
vec3 ambient(vec3 n) {
  return max(vec3(0.0), harmonics[0] + harmonics[1]*n.y + harmonics[2]*n.z + harmonics[3]*n.x + harmonics[4]*n.x*n.y + harmonics[5]*n.y*n.z
    + harmonics[6]*(3.0*n.z*n.z-1.0) + harmonics[7]*n.x*n.z + harmonics[8]*(n.x*n.x-n.y*n.y));
}
float sunlit(vec3 n) {
  vec3 at = (sunwards * vec4(place + 0.3 * n, 1.0)).xyz * 0.5 + 0.5;
  if (any(lessThan(at, vec3(0.0))) || any(greaterThan(at, vec3(1.0)))) return 1.0;
  float sum = 0.0;
  for (int i = -1; i <= 1; i += 2) for (int j = -1; j <= 1; j += 2) sum += texture(shade, at + vec3(soft * vec2(i, j), -0.003));
  return sum / 4.0;
}
void main() {
  vec3 n = normalize(normal), eye = normalize(-place);
  if (dot(n, eye) < 0.0) n = -n;
  if (ghost == 1) { colour = vec4(normalize(truth) * 0.5 + 0.5, who); return; }
  float face = floor(spot.x * 3.0) + 3.0 * floor(spot.y * 2.0);
  if (ghost == 2) { colour = vec4((face + 1.0) * 40.0 / 255.0, body * 80.0 / 255.0, 0.0, who); return; }
  vec2 at = spot;
  if (shaded > 0.5) at = (vec2(dot(place, across), dot(place, along)) + ground.zw) * ground.x + ground.y;
  vec3 base = mix(tint, texture(look, at).rgb, textured);
  base = pow(base, vec3(2.2));
  vec3 light = ambient(n);
  float dark = 1.0;
  if (shaded > 0.5) for (int i = 0; i < 4; i++) {
    vec3 far = place - shadows[i].xyz;
    if (shadows[i].w > 0.0) dark *= 1.0 - 0.75 * exp(-dot(far, far) / (shadows[i].w * shadows[i].w));
  }
  vec3 to_lamp = lamp - place;
  float lit = sunlit(n);
  light += sunlight * lit * max(0.0, dot(n, sun));
  light += lamplight * max(0.0, dot(n, normalize(to_lamp))) * 2500.0 / (dot(to_lamp, to_lamp) + 400.0);
  float shine = pow(max(0.0, dot(reflect(-eye, n), sun)), 24.0) * gloss;
  colour = vec4(pow(max(vec3(0.0), base * light * dark + sunlight * lit * shine), vec3(1.0 / 2.2)), 1.0);
}
"""
SHADE_VERTEX = """
#version 330
uniform mat4 sunwards;
in vec3 point;
void main() { gl_Position = sunwards * vec4(point, 1.0); }
"""
SHADE_FRAGMENT = """
#version 330
void main() { }
"""
SKY_VERTEX = """
#version 330
in vec2 corner; out vec2 screen;
void main() { screen = corner; gl_Position = vec4(corner, 0.9999, 1.0); }
"""
SKY_FRAGMENT = """
#version 330
uniform sampler2D sky; uniform mat3 turn; uniform vec2 open; uniform float exposure; uniform float fog;
in vec2 screen; out vec4 colour;
void main() {
  vec3 ray = turn * normalize(vec3(screen.x * open.x, -screen.y * open.y, 1.0));
  vec2 at = vec2(atan(ray.x, ray.z) / 6.2831853 + 0.5, asin(clamp(ray.y, -1.0, 1.0)) / 3.1415927 + 0.5);
  colour = vec4(pow(min(vec3(1.0), exposure * textureLod(sky, at, fog).rgb), vec3(1.0 / 2.2)), 1.0);
}
"""


@dataclass(frozen=True)
class Light:
    """An environment as picture and as nine harmonics, a sun that casts shadows and a lamp, in
    camera axes.
    """

    sky: Floats
    turn: Floats  # (3, 3): camera to environment
    exposure: float
    fog: float
    harmonics: Floats  # (9, 3)
    sun: Floats
    sunlight: Floats
    lamp: Floats
    lamplight: Floats
    soft: float  # how far a shadow's edge spreads, 1 being the whole shadow picture
    middle: Floats  # of what casts shadows, centimetres


@dataclass(frozen=True)
class Thing:
    """A mesh in camera axes and how it looks. `who`:

    1 parcel, 2 mailer, 3 flap or inside, 4 hand, 0 anything else.

    `body`: which of the parcels.
    """

    mesh: Mesh
    who: int = 0
    body: int = 0
    look: Picture | None = None
    tint: tuple[float, float, float] = (128, 128, 128)
    gloss: float = 0.0
    table: tuple[float, float] | None = None  # pictures a centimetre, and where they begin
    axes: Floats | None = None  # (2, 3): along and across the table
    shift: tuple[float, float] = (
        0.0,
        0.0,
    )  # centimetres along them by which the table has moved under the camera


class Painter:
    """Draws at one size.

    One painter a process: two contexts would need care about which is current.
    """

    def __init__(self, width: int, height: int) -> None:
        import moderngl

        self.width, self.height = width, height
        self.gl = moderngl.create_standalone_context(backend="egl")
        self.meshes = self.gl.program(vertex_shader=MESH_VERTEX, fragment_shader=MESH_FRAGMENT)
        self.shading = self.gl.program(vertex_shader=SHADE_VERTEX, fragment_shader=SHADE_FRAGMENT)
        self.heaven = self.gl.program(vertex_shader=SKY_VERTEX, fragment_shader=SKY_FRAGMENT)
        corners = self.gl.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32))
        self.backdrop = self.gl.vertex_array(self.heaven, [(corners, "2f", "corner")])
        size = (width, height)
        self.smooth = self.gl.framebuffer(
            [self.gl.renderbuffer(size, 4, samples=4)], self.gl.depth_renderbuffer(size, samples=4)
        )
        self.plain = self.gl.framebuffer(
            [self.gl.renderbuffer(size, 4)], self.gl.depth_renderbuffer(size)
        )
        self.shade = self.gl.depth_texture((SHADE, SHADE))
        self.shade.compare_func = "<="
        self.shade.repeat_x = self.shade.repeat_y = False
        self.casting = self.gl.framebuffer(depth_attachment=self.shade)
        self.looks: dict[
            int, tuple[object, moderngl.Texture]
        ] = {}  # by id, and what has it, so that nothing else can get it
        self.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self.gl.enable(moderngl.DEPTH_TEST)

    def picture(self, things: list[Thing], light: Light, focal: float, shadows: Floats) -> Picture:
        """(height, width, 3), RGB."""
        sunwards = _sunwards(light)
        self.casting.use()
        self.casting.clear(depth=1.0)
        self._set(self.shading, "sunwards", sunwards.T)
        for thing in things:
            if thing.table is None:
                self._mesh(self.shading, thing, "3f 32x", "point")
        self.smooth.use()
        self.shade.use(1)
        self._set(self.meshes, "shade", 1)
        self._set(self.meshes, "sunwards", sunwards.T)
        self._draw(things, light, focal, shadows, ghost=0)
        self._backdrop(light, focal)
        self.gl.copy_framebuffer(self.plain, self.smooth)
        return self._read(3)

    def truth(self, things: list[Thing], light: Light, focal: float) -> Picture:
        """(height, width, 4): true normals as 0..255, and 60 times who is there."""
        return self._ghost(things, light, focal, 1)

    def faces(self, things: list[Thing], light: Light, focal: float) -> Picture:
        """(height, width, 4):

        40 times face and 1, 80 times the number of the parcel and 1, nothing, and 60 times who is
        there.
        """
        return self._ghost(things, light, focal, 2)

    def _ghost(self, things: list[Thing], light: Light, focal: float, kind: int) -> Picture:
        self.plain.use()
        self._draw(things, light, focal, np.zeros((4, 4), np.float32), ghost=kind)
        return self._read(4)

    def forget(self) -> None:
        """Free what belongs to the last scene."""
        for _, texture in self.looks.values():
            texture.release()
        self.looks.clear()

    def _read(self, channels: int) -> Picture:
        raw = self.plain.read(components=channels)
        return np.frombuffer(raw, np.uint8).reshape(self.height, self.width, channels)[::-1].copy()

    def _draw(
        self, things: list[Thing], light: Light, focal: float, shadows: Floats, ghost: int
    ) -> None:
        self.gl.clear()
        program = self.meshes
        wide, high = 2 * focal / self.width, 2 * focal / self.height
        deep, shift = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        matrix = np.array(
            [[wide, 0, 0, 0], [0, high, 0, 0], [0, 0, deep, shift], [0, 0, -1, 0]], np.float32
        )
        self._set(program, "projection", matrix.T)
        self._set(program, "ghost", ghost)
        for name in ("harmonics", "sun", "sunlight", "lamp", "lamplight", "soft"):
            self._set(program, name, getattr(light, name))
        self._set(program, "shadows", shadows)
        for thing in reversed(things):  # what is in front first: what it hides is not shaded
            self._thing(thing)

    def _backdrop(self, light: Light, focal: float) -> None:
        """The environment, where nothing else is."""
        self._texture(light.sky).use(0)
        self._set(self.heaven, "sky", 0)
        self._set(self.heaven, "turn", light.turn.T)
        self._set(
            self.heaven,
            "open",
            np.array([self.width / 2 / focal, self.height / 2 / focal], np.float32),
        )
        self._set(self.heaven, "exposure", light.exposure)
        self._set(self.heaven, "fog", light.fog)
        self.backdrop.render()

    def _thing(self, thing: Thing) -> None:
        program = self.meshes
        if thing.look is not None:
            self._texture(thing.look).use(0)
        self._set(program, "look", 0)
        self._set(program, "textured", float(thing.look is not None))
        self._set(program, "tint", np.array(thing.tint, np.float32) / 255)
        self._set(program, "gloss", thing.gloss)
        self._set(program, "who", thing.who * 60 / 255)
        self._set(program, "body", float(thing.body + 1))
        self._set(program, "shaded", float(thing.table is not None))
        self._set(program, "ground", np.array([*(thing.table or (0, 0)), *thing.shift], np.float32))
        if thing.axes is not None:
            self._set(program, "across", thing.axes[0])
            self._set(program, "along", thing.axes[1])
        self._mesh(program, thing, "3f 3f 3f 2f", "point", "shading", "real", "uv")

    def _mesh(self, program: moderngl.Program, thing: Thing, kinds: str, *names: str) -> None:
        mesh = thing.mesh
        rows = np.concatenate([mesh.points, mesh.shading, mesh.true, mesh.uv], axis=1).astype(
            np.float32
        )
        vertices, indices = (
            self.gl.buffer(rows.tobytes()),
            self.gl.buffer(mesh.triangles.astype(np.uint32).tobytes()),
        )
        array = self.gl.vertex_array(program, [(vertices, kinds, *names)], index_buffer=indices)
        array.render()
        for held in (array, vertices, indices):
            held.release()

    def _texture(self, look: Picture | Floats) -> moderngl.Texture:
        """Uploaded once a scene, with smaller versions for what is far."""
        if id(look) not in self.looks:
            kind = "f4" if look.dtype == np.float32 else "f1"
            texture = self.gl.texture(
                look.shape[1::-1], 3, np.ascontiguousarray(look).tobytes(), dtype=kind, alignment=1
            )
            texture.build_mipmaps()
            texture.filter = self.filter
            self.looks[id(look)] = (look, texture)
        return self.looks[id(look)][1]

    @staticmethod
    def _set(program: moderngl.Program, name: str, value: object) -> None:
        if name not in program:
            return  # the compiler drops what is not used
        if isinstance(value, np.ndarray):
            program[name].write(np.ascontiguousarray(value, np.float32).tobytes())  # type: ignore[union-attr]
        else:
            program[name].value = value  # type: ignore[union-attr]


def _sunwards(light: Light) -> Floats:
    """(4, 4): camera axes to the picture that the sun sees, -1..1; depth grows away from the sun."""
    side = np.cross(light.sun, [0.31, 0.17, 0.93])
    side /= np.linalg.norm(side)
    turn = np.stack([side, np.cross(light.sun, side), -light.sun / 2]) / REACH
    whole = np.eye(4, dtype=np.float32)
    whole[:3, :3], whole[:3, 3] = turn, -turn @ light.middle
    return whole
